export { readBackup, readBackupHead } from './read.ts';
export type { UndoEntry } from './undo.ts';
export { publishBackup, requireNew, writeBackup } from './write.ts';
