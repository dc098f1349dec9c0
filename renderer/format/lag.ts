import { bytes, latency, span, UNKNOWN } from './numbers.ts';

/** How far something is behind, in time and bytes: what is not known is left out, and said when nothing is known. */
export function lag(behindMs: number | null, behindBytes: number | null): string {
  if (behindMs === null && behindBytes === null) return UNKNOWN;
  if ((behindMs ?? 0) === 0 && (behindBytes ?? 0) === 0) return 'in step';
  const parts: string[] = [];
  if (behindMs !== null) parts.push(behindMs < 10_000 ? latency(behindMs) : span(behindMs));
  if (behindBytes !== null) parts.push(bytes(behindBytes));
  return `${parts.join(', ')} behind`;
}
