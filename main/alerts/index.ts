export { AlertWatch } from './watch.ts';
