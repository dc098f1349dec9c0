import { z } from 'zod';
import { SeedNews } from '../../api/seeding.ts';
import { PositionShape } from '../shapes.ts';

/** What is asked of a member that has a copy, after the `seed` that opens the connection (see peer-protocol.ts). */
export const SeedAsk = z.discriminatedUnion('what', [
  z.object({ what: z.literal('about') }),
  z.object({ what: z.literal('prepare') }),
  z.object({ what: z.literal('piece'), id: z.string(), offset: z.number().int().min(0) }),
  z.object({ what: z.literal('tell'), news: SeedNews }),
]);
export type SeedAsk = z.infer<typeof SeedAsk>;

/** A database as the member has it that is asked. */
export const SeedAbout = z.object({
  /** There. */
  name: z.string(),
  guid: z.string(),
  /** As in the membership. */
  origin: z.enum(['created', 'added']),
  created: PositionShape,
  /** Of its file. */
  bytes: z.number(),
  /** null: no limit. */
  maxSizeMB: z.number().nullable(),
  /** Namespaces there whose default database it is, and how many mappings each has in gemel.cpf. */
  namespaces: z.array(z.object({ name: z.string(), mappings: z.number() })),
});
export type SeedAbout = z.infer<typeof SeedAbout>;

/** A backup of the database that is made for those that ask. */
export const SeedPrepared = z.object({
  /** null: it is not ready; to be asked again. */
  id: z.string().nullable(),
  /** Of the backup, once it is ready. */
  bytes: z.number(),
  /** Bytes of the database in it so far, of `total`. */
  done: z.number(),
  total: z.number(),
});
export type SeedPrepared = z.infer<typeof SeedPrepared>;

/** Of a backup; the last ones are shorter, or empty. */
export const SEED_PIECE_BYTES = 256 * 1024;

export const results = {
  about: SeedAbout,
  prepare: SeedPrepared,
  piece: z.instanceof(Uint8Array),
  tell: z.null(),
};
