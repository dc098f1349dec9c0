import { z } from 'zod';

/** Properties of a database that its mirror keeps the same on all members, each in the database's file there. */
export const SharedProperties = z.object({
  /** Bytes the database may have; null: no limit. */
  maxSizeBytes: z.number().nullable(),
  /** Bytes by which its file is to grow; 0: as the system finds best. It is kept, and changes nothing: the file grows page by page. */
  expansionBytes: z.number(),
  /** What is to guard it; null: nothing is named. It is kept: there is nothing yet that asks for it. */
  resource: z.string().nullable(),
  /** One of `collations`. */
  collation: z.string(),
});
export type SharedProperties = z.infer<typeof SharedProperties>;

/** Orders of nodes that there are. */
export const collations: readonly string[] = ['standard'];

export const MEGABYTE = 1024 * 1024;

/** Of a database of which nothing else was said. */
export const plainProperties: SharedProperties = { maxSizeBytes: null, expansionBytes: 0, resource: null, collation: 'standard' };

/** Name of a resource. */
export const ResourceName = z
  .string()
  .transform((name) => name.toUpperCase())
  .pipe(z.string().regex(/^%?[A-Z][A-Z0-9_.-]{0,62}$/, 'It begins with a letter, or % and a letter; letters, digits, - _ and . follow.'));
