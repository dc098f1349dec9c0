import type { ErrorCode, GemelError } from '../../api/errors.ts';

const codes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['REFUSED', 'DAMAGED', 'NOT_FOUND', 'FOREIGN']);

/** Whether what kept a journal from being made the beginning of the mirror's will not be otherwise at the next try. */
export function isIrreparable({ code }: GemelError): boolean {
  return codes.has(code);
}
