import { z } from 'zod';
import { GemelError, type ErrorCode } from '../api/errors.ts';

/** A refusal as another member tells it. */
export const ToldError = z.object({
  what: z.string(),
  safe: z.string(),
  todo: z.string(),
  condition: z.object({ code: z.string(), facts: z.record(z.string(), z.union([z.string(), z.number()])) }).nullish(),
});
export type ToldError = z.infer<typeof ToldError>;

export function told({ what, safe, todo, condition }: GemelError): ToldError {
  return { what, safe, todo, condition };
}

/** As the one who asked throws it. */
export function untold({ what, safe, todo, condition }: ToldError, code: ErrorCode = 'REFUSED'): GemelError {
  return new GemelError(code, what, safe, todo, condition ?? null);
}
