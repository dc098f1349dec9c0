import path from 'node:path';
import { existsSync } from 'node:fs';
import { freeSpace } from '../../io/free-space.ts';
import { requireRoom, type SeedHere } from './decide.ts';

/** As copies leave it free (see `backup/room.ts`). */
const KEPT_BYTES_MAX = 256 * 1024 * 1024;
const KEPT_SHARE = 0.05;

/** Throws DISK_FULL when the directory's disk has not that much for a copy. */
export function requireRoomFor(needed: number, facts: SeedHere): void {
  const { free, total } = freeSpace(existing(facts.directory));
  requireRoom(facts, { needed, free, kept: Math.min(KEPT_BYTES_MAX, total * KEPT_SHARE) });
}

function existing(directory: string): string {
  return existsSync(directory) ? directory : existing(path.dirname(directory));
}
