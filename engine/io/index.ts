export { assert, assertNever, AssertionError } from './assert.ts';
export { realClock, type Clock } from './clock.ts';
export { fileError } from './file-errors.ts';
export { realFiles, type Files, type OpenFile, type OpenMode } from './files.ts';
export { realIo, type Io } from './io.ts';
export { realRandom, type Random } from './random.ts';
export { realTurns, type Turns } from './turns.ts';
