export { Executor, unmirrored, type FoundOpen, type RoleView } from './executor.ts';
export { parsePrepared } from './joint.ts';
export { JournalPort, PREPARED } from './journal-port.ts';
export { OpenDatabase, type WriteBar } from './open-database.ts';
export type { Undo } from './transaction.ts';
