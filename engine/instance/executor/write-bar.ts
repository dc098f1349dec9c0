import { GemelError } from '../../api/errors.ts';

/** Why a database or a journal takes no updates now; null: it does. */
export type WriteBar = { readonly code: 'PROTECT' | 'DATABASE'; readonly what: string; readonly todo: string } | null;

/** Throws the reason when there is one. */
export function refuseIf(bar: WriteBar): void {
  if (bar !== null) throw new GemelError(bar.code, bar.what, 'Nothing was changed.', bar.todo);
}
