import { basename } from 'node:path';
import type { Damage } from '../faults/kinds.ts';
import { recordPath } from '../../mirror/index.ts';
import { mirrorName, pathsOf } from './layout.ts';
import type { Site } from './site.ts';
import type { World } from './world.ts';

/** What happens to the disk of one member. The other one has everything at that moment: nothing may be lost by it. */

const DATA_START = 4096;
const MAGIC_AT = 16;

/** Whether the other member's journal holds all that was ever durable, so that one disk can go wrong. */
function canSpare(world: World, site: Site): boolean {
  const partner = world.partnerOf(site);
  const journal = partner?.instance?.mirror?.journal;
  if (partner?.instance?.process.alive !== true || journal === undefined) return false;
  if (world.damaged !== null && world.damaged !== site) return false;
  // The known hole: who may not take over believes the last primary, which may have been put back.
  if (partner.instance.mirror?.state.durable.noFailover !== null) return false;
  return world.ledger.isIn(journal.journal.lineage, journal.writer?.end ?? journal.receiver?.synced ?? journal.end.position);
}

/**
 * A disk goes wrong for good in a mirror that is well and in which nobody is forced. Known holes otherwise: a last primary whose
 * newest block is not there is believed by a partner that may not take over; a right whose journal nobody has cannot be forced.
 */
function mayGoWrong(world: World, site: Site): boolean {
  return world.isWell && world.forces === null && !world.rolesChange && canSpare(world, site);
}

/** A closed journal file of the member, the newer ones more often. */
function journalFile(world: World, site: Site): string | undefined {
  const { journal } = pathsOf(site.name);
  const files = site.host.drive.paths().filter((path) => path.startsWith(`${journal}/`) && !path.endsWith('.new') && isJournalFile(path));
  // Not the newest: without its last block it looks like one that a crash cut short, which the partner believes (see above).
  const older = files.slice(0, -1);
  return older[Math.floor(older.length * Math.sqrt(world.random.float()))];
}

function isJournalFile(path: string): boolean {
  return /^MIRROR-.*\.\d+$/.test(basename(path));
}

export function damageJournal(world: World, site: Site, how: Damage, place: number): void {
  const path = journalFile(world, site);
  const inode = path === undefined ? undefined : site.host.drive.find(path);
  if (inode === undefined || !mayGoWrong(world, site)) return;
  world.damaged = site;
  site.note(`${how} in ${path ?? ''}`);
  inode.damage((bytes) => damaged(bytes, how, place));
}

function damaged(before: Buffer, how: Damage, place: number): Buffer {
  const bytes = Buffer.from(before);
  const at = Math.min(bytes.length - 1, Math.floor(bytes.length * place));
  switch (how) {
    case 'bit':
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(place * 8));
      return bytes;
    case 'sector':
      return bytes.fill(0, at & ~511, Math.min(bytes.length, (at & ~511) + 512));
    case 'cut':
      return bytes.subarray(0, at);
    case 'lost-block':
    case 'misdirected-block': {
      const from = newestBlock(bytes);
      if (from < DATA_START) return bytes;
      const block = Buffer.from(bytes.subarray(from));
      bytes.fill(0, from);
      if (how === 'misdirected-block') block.copy(bytes, Math.max(DATA_START, Math.floor(from / 2)));
      return bytes;
    }
  }
}

/** A block's magic stands behind its checksum. */
function newestBlock(bytes: Buffer): number {
  return bytes.lastIndexOf('BLK1') - MAGIC_AT;
}

/** Only of databases that lie on the simulated drive. */
export function damageDatabase(world: World, site: Site): void {
  const [object] = site.host.drive.objects.values();
  if (object === undefined || !mayGoWrong(world, site)) return;
  world.damaged = site;
  site.note('its database is damaged');
  object.damage();
}

/** What a restored snapshot of the machine, or of a directory, does. */
export function revert(world: World, site: Site, what: 'host' | 'record', ms: number): void {
  const { mgr } = pathsOf(site.name);
  const record = recordPath(mgr, mirrorName);
  const { drive } = site.host;
  const restoreHost = drive.snapshot();
  const old = drive.find(record)?.all();
  world.timeline.in(ms, () => {
    if (old === undefined || !world.isFaulty || !canSpare(world, site)) return;
    site.note(`${what} as it was ${ms} ms ago`);
    site.powerCut();
    if (what === 'host') restoreHost();
    else drive.find(record)?.damage(() => old);
    site.allUp();
  });
}

export function wipe(world: World, site: Site): void {
  if (!mayGoWrong(world, site)) return;
  world.damaged = site;
  site.note('comes back with an empty disk');
  site.powerCut();
  site.isGone = true;
  site.host.drive.wipe();
  site.allUp();
}
