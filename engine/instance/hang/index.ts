/** Whether an instance hangs: known to its agent while it lasts, and to itself when it is back. */
export { lookAt, type Look } from './look.ts';
export type { MemberSign } from './pulse.ts';
export { Watchdog } from './watchdog.ts';
