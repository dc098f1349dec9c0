export { memoryParts, sqliteParts } from './parts.ts';
