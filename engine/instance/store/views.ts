import { MEGABYTE } from '../../api/database-properties.ts';
import type { DatabaseView } from '../../api/status.ts';
import type { OpenDatabase } from '../executor/index.ts';

/** A database as it is shown. */
export function viewOf(database: OpenDatabase): DatabaseView {
  const { maxSizeBytes, expansionBytes, resource, collation } = database.nodes.properties;
  return {
    name: database.name,
    directory: database.directory,
    mounted: true,
    readOnly: database.bar !== null,
    mirrored: database.mirrored,
    mirror: database.mirror?.name ?? null,
    mirrorDatabase: database.mirror?.database ?? null,
    ...(database.isRetained ? { retained: true } : {}),
    failoverDB: database.mirrored ? database.failoverDB : null,
    size: database.nodes.fileBytes,
    maxSizeMB: maxSizeBytes === null ? null : maxSizeBytes / MEGABYTE,
    expansionMB: expansionBytes / MEGABYTE,
    resource,
    collation,
    full: database.nodes.full,
  };
}

/** By name: those that are mounted, and of the configured ones those that are not. */
export function listed(
  mounted: readonly OpenDatabase[],
  configured: readonly { readonly name: string; readonly directory: string }[],
  dismounted: readonly DatabaseView[],
): DatabaseView[] {
  const views = new Map([...dismounted, ...mounted.map(viewOf)].map((view) => [view.name, view]));
  const missing = configured
    .filter(({ name }) => !views.has(name.toUpperCase()))
    .map(({ name, directory }) => ({
      name,
      directory,
      mounted: false,
      readOnly: true,
      mirrored: false,
      mirror: null,
      mirrorDatabase: null,
      failoverDB: null,
      size: 0,
    }));
  return [...views.values(), ...missing].sort((a, b) => (a.name < b.name ? -1 : 1));
}
