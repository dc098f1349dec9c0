export { Procedures } from './procedures.ts';
