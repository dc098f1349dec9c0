export { catchUp } from './catch-up.ts';
export { scale } from './scale.ts';
export { diskSpeed } from './speeds.ts';
