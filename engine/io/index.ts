export { assert, AssertionError } from './assert.ts';
export { realClock, type Clock } from './clock.ts';
export { fileError } from './file-errors.ts';
export { realFiles, type Files } from './files.ts';
export { realIo, type Io } from './io.ts';
export { realTurns, type Turns } from './turns.ts';
