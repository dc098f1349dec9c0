import { GemelError } from '../../api/errors.ts';

/** Throws NAME. */
export function valid<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: { message: string }[] } } },
  value: string,
  what: string,
): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new GemelError(
    'NAME',
    `${JSON.stringify(value)} cannot be the name or address of ${what}. ${parsed.error.issues[0]?.message ?? ''}`,
    'Nothing was changed.',
    'Correct it and try again.',
  );
}
