/** Local times, with the offset where it is asked for (on hover). All take milliseconds since the epoch. */

const two = (n: number): string => String(n).padStart(2, '0');

function day(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** 14:03:22 */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** 2026-11-21 14:03:22 */
export function dateTime(ms: number): string {
  return `${day(new Date(ms))} ${clock(ms)}`;
}

/** +01:00 */
export function offset(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** 2026-11-21 14:03:22.120 +01:00 */
export function fullTime(ms: number): string {
  return `${dateTime(ms)}.${String(new Date(ms).getMilliseconds()).padStart(3, '0')} ${offset(ms)}`;
}
