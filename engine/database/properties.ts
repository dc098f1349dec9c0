import type { SharedProperties } from '../api/database-properties.ts';
import type { DatabaseProperties } from './file.ts';

/** Stands in `extra` of a mirrored copy whose maximum size was made smaller than its mirror's, here alone. */
export const LIMITED = 'limited';

/** What is to be changed of a database, be it fed or not. */
export interface PropertyChange {
  readonly shared: SharedProperties;
  /** A mirrored copy takes no more than its own maximum size, whatever its mirror has. */
  readonly isLimited: boolean;
}

/** The same with the change made. */
export function withProperties<P extends DatabaseProperties>(properties: P, { shared, isLimited }: PropertyChange): P {
  const { [LIMITED]: _limited, ...extra } = properties.extra;
  return { ...properties, ...shared, extra: isLimited ? { ...extra, [LIMITED]: true } : extra };
}

export function sharedOf({ maxSizeBytes, expansionBytes, resource, collation }: SharedProperties): SharedProperties {
  return { maxSizeBytes, expansionBytes, resource, collation };
}

/** Whether a mirrored copy has a smaller maximum size than its mirror, set here alone. */
export function isLimited({ extra }: Pick<DatabaseProperties, 'extra'>): boolean {
  return extra[LIMITED] === true;
}

/**
 * Bytes beyond which what the journal brings must not make the file grow; null: all of it is taken. What the mirror's maximum size let
 * through, or a journal of this instance has, is taken wherever it leads to.
 */
export function limitOf({ mirror, maxSizeBytes, extra }: Pick<DatabaseProperties, 'mirror' | 'maxSizeBytes' | 'extra'>): number | null {
  return mirror?.failoverDB === true && isLimited({ extra }) ? maxSizeBytes : null;
}
