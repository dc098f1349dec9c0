import { randomBytes, randomUUID } from 'node:crypto';

/** Randomness, as everything in the engine sees it. */
export interface Random {
  bytes(count: number): Buffer;
  /** A new GUID in its usual text form (36 characters, lower case). */
  guid(): string;
}

export const realRandom: Random = { bytes: (count) => randomBytes(count), guid: () => randomUUID() };
