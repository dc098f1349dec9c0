export {
  backupDatabases,
  compareDatabases,
  freezeDatabases,
  isPrimaryOf,
  onPrimary,
  restoreDatabases,
  thawDatabases,
  verifyDatabases,
  whatBecomes,
} from './backup.ts';
export { addDatabases, copyDatabases, createDatabase } from './create.ts';
export { reachable } from './copies.ts';
export { localTime, named, size } from './targets.ts';
export { instanceDatabaseWork, mirrorDatabaseWork, runs } from './work.ts';
