import { GemelError } from '../../engine/api/errors.ts';
import type { Problem } from '../../main/contract/index.ts';

/** Any error as the page shows it. */
export function toProblem(error: unknown): Problem {
  if (error instanceof GemelError) return { code: error.code, what: error.what, safe: error.safe, todo: error.todo };
  const what = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', what, safe: '', todo: '' };
}
