export { openConsoleMain } from './console.ts';
export type { ConsoleMain, ConsoleOptions } from './console.ts';
export type { PagePort, PageSink } from './page.ts';
