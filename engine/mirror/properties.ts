import { MEGABYTE, type SharedProperties } from '../api/database-properties.ts';

/** Which properties a copy of a mirrored database has. Pure. */

/**
 * What a copy is to have while its member follows the primary. An async's sizes are raised to the primary's and never reduced, and its
 * resource is its own; everything else is as on the primary.
 */
export function synchronised(here: SharedProperties, primary: SharedProperties, isAsync: boolean): SharedProperties {
  if (!isAsync) return primary;
  return {
    maxSizeBytes: isBelow(here.maxSizeBytes, primary.maxSizeBytes) ? primary.maxSizeBytes : here.maxSizeBytes,
    expansionBytes: Math.max(here.expansionBytes, primary.expansionBytes),
    resource: here.resource,
    collation: primary.collation,
  };
}

/** Of maximum sizes: null, no limit, is above all others. */
export function isBelow(a: number | null, b: number | null): boolean {
  return a !== null && (b === null || a < b);
}

export function isSame(a: SharedProperties, b: SharedProperties): boolean {
  return propertiesChanged(a, b).length === 0;
}

const names = ['maxSizeBytes', 'expansionBytes', 'resource', 'collation'] as const;

function propertiesChanged(before: SharedProperties, after: SharedProperties): (typeof names)[number][] {
  return names.filter((name) => before[name] !== after[name]);
}

/** Within a sentence: `maximum size 10 MB`; of those in which the first differs from the second; all where there is no second. */
export function propertiesText(properties: SharedProperties, before?: SharedProperties): string {
  const shown = before === undefined ? names : propertiesChanged(before, properties);
  return shown.map((name) => text(name, properties)).join(', ');
}

function text(name: (typeof names)[number], { maxSizeBytes, expansionBytes, resource, collation }: SharedProperties): string {
  switch (name) {
    case 'maxSizeBytes':
      return maxSizeBytes === null ? 'no maximum size' : `maximum size ${megabytes(maxSizeBytes)}`;
    case 'expansionBytes':
      return expansionBytes === 0 ? 'expansion size left to the system' : `expansion size ${megabytes(expansionBytes)}`;
    case 'resource':
      return resource === null ? 'no resource' : `resource ${resource}`;
    case 'collation':
      return `collation ${collation}`;
  }
}

function megabytes(bytes: number): string {
  return `${Number((bytes / MEGABYTE).toFixed(3))} MB`;
}
