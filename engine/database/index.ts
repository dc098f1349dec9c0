export { Database } from './database.ts';
export { createDatabase } from './file.ts';
export type { GenerationId } from './overlay.ts';
export { verifyAside } from './verify-aside.ts';
export { verifyDatabase } from './verify.ts';
export { DatabaseWriter } from './writer.ts';
