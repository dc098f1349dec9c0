export { Executor, unmirrored, type Dejournaled, type FoundOpen, type RoleView } from './executor.ts';
export { parsePrepared, type Prepared } from './joint.ts';
export { JournalPort, PREPARED } from './journal-port.ts';
export { OpenDatabase } from './open-database.ts';
export type { Undo } from './transaction.ts';
export type { WriteBar } from './write-bar.ts';
