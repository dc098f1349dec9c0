export { Database } from './database.ts';
export { createDatabase, type DatabaseMeta, type NewDatabase } from './file.ts';
export type { GenerationId } from './overlay.ts';
export { DatabaseReader, type NodeFile } from './reader.ts';
export { verifyAside } from './verify-aside.ts';
export { verifyDatabase } from './verify.ts';
export { DatabaseWriter } from './writer.ts';
export { isRetained, retainMirrored, unmirror } from './mirror-attribute.ts';
