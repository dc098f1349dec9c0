export { recordFigures } from './figures.ts';
export { RoleWatch } from './roles.ts';
export type { PrimaryChange } from './roles.ts';
