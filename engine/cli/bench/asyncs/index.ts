export { catchUp } from './catch-up.ts';
export { scale } from './scale.ts';
