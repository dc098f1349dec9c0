export { lag } from './lag.ts';
export { bytes, count, fromMoment, kiloBytesPerSecond, latency, perSecond, span } from './numbers.ts';
export { clock, dateTime, fullTime } from './times.ts';
