import { asyncs } from './asyncs.ts';
import { carryingOut, journalAndDatabases } from './below.ts';
import { generations, periodsAndTrouble } from './decisions.ts';
import type { PlantedFault } from './kinds.ts';
import { handingOver, rights } from './rights.ts';
import { roles } from './roles.ts';

/** What has to be caught: one broken rule each. Rules that the model of periods and generations can express are also broken there: see `failover/model`. */
export const planted: readonly PlantedFault[] = [
  ...periodsAndTrouble,
  ...generations,
  ...rights,
  ...handingOver,
  ...carryingOut,
  ...journalAndDatabases,
  ...asyncs,
  ...roles,
];
