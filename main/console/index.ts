export { openConsoleMain } from './console.ts';
export type { ConsoleMain } from './console.ts';
export type { PagePort, PageSink } from './page.ts';
