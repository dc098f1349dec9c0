export { Database } from './database.ts';
export { createDatabase, databasePath, type DatabaseMeta, type DatabaseProgress, type DatabaseProperties, type NewDatabase } from './file.ts';
export type { GenerationId } from './overlay.ts';
export { verifyAside } from './verify-aside.ts';
export { verifyDatabase, type Verification } from './verify.ts';
export { DatabaseWriter, type CheckpointFigures, type CommitFigures, type CommitProgress } from './writer.ts';
