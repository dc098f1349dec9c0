export { createMemoryDatabase, memoryFile } from './memory-file.ts';
export { memoryParts, sqliteParts } from './parts.ts';
