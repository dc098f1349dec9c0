import type { MemberSign } from './pulse.ts';

/** What the executor's thread tells its watchdog's thread. */
export interface WatchdogData {
  readonly run: string;
  readonly pid: number;
  readonly identity: string;
  readonly qosMs: number;
  /** One number: when the executor's thread last turned, in microseconds of the host's clock. */
  readonly turned: BigInt64Array;
}

export type ToWatchdog =
  { readonly t: 'member'; readonly member: MemberSign | null } | { readonly t: 'qos'; readonly qosMs: number } | { readonly t: 'end' };
