export { lag } from './lag.ts';
export { count, fromMoment, kiloBytesPerSecond, latency, perSecond, span } from './numbers.ts';
export { clock, dateTime, fullTime } from './times.ts';
