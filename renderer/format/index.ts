export { lag } from './lag.ts';
export { bytes, count, kiloBytesPerSecond, latency, perSecond, span, UNKNOWN } from './numbers.ts';
export { clock, dateTime, fullTime, moment } from './times.ts';
