import type { JournalFiles, Position } from '../../journal/index.ts';
import { assert } from '../../io/index.ts';
import { GemelError } from '../../api/errors.ts';
import { differenceOf, Replica, type Content } from '../checkers/replica.ts';
import { contentOf } from './content.ts';
import type { Instance } from './instance.ts';
import type { Site } from './site.ts';
import type { World } from './world.ts';

/** How long dejournaling may take when nothing happens any more, in ms. */
const DEJOURNAL_MS = 40_000;

/** The last look at a mirror that works again and that nobody changes any more: both members hold the same, and what they should. */
export async function checkEnd(world: World): Promise<void> {
  const primary = world.all.find((site) => site.instance?.isOpen === true)?.instance;
  if (primary === undefined || primary === null) return world.fail(`there is no primary in the end: ${world.state}`);
  const writer = primary.mirror?.journal.writer ?? null;
  assert(writer !== null, 'a primary writes');
  // A block may still be on its way to a disk that was slow, and updates behind it; the database shows them.
  let isSettled = false;
  writer.settled().then(
    () => (isSettled = true),
    () => undefined,
  );
  if (!(await world.until(() => isSettled, DEJOURNAL_MS + 10 * world.profile.qosMs)))
    return world.fail(`the journal does not come to rest: ${world.state}`);
  const { end } = writer;
  // One whose disk went wrong may have come back all the same.
  const pair = world.all.filter((site) => !world.isRuined(site) || (site === world.damaged && follows(site) && isAt(site.instance, end)));
  // Whoever cannot follow tries again and again: what it says of itself in between counts for nothing.
  const isThere = (site: Site): boolean => site.instance !== null && isAt(site.instance, end);
  const isContained = (): boolean =>
    pair.every(isThere) && world.asyncs.sites.every((site) => isThere(site) || world.asyncs.cannotFollow(site));
  if (!(await world.until(isContained, DEJOURNAL_MS + 10 * world.profile.qosMs)))
    return world.fail(`the databases do not come to ${end.file}:${end.offset}: ${world.state}`);
  world.note('--', 'the end is checked');
  const expected = replay(world, primary.site, end);
  if (expected === null) return readAll(world, primary);
  for (const site of [...pair, ...world.asyncs.sites.filter((site) => isThere(site) && !world.asyncs.cannotFollow(site))]) {
    assert(site.instance !== null, 'all members run');
    compare(world, `the journal of ${site.name}`, replay(world, site, end) ?? expected, expected);
    compare(world, `the database of ${site.name}`, contentOf(site.instance), expected);
  }
  readAll(world, primary);
}

function follows(site: Site): site is Site & { readonly instance: Instance } {
  return site.instance?.mirror?.crashed === null;
}

function filesOf(instance: Instance): JournalFiles {
  const { journal } = instance;
  assert(journal !== null, 'a running member has its journal open');
  return journal.journal.files;
}

function isAt(instance: Instance, end: Position): boolean {
  const position = instance.host?.databases()[0]?.position ?? null;
  if (position === null) return false;
  // A takeover after the end was looked up has begun a file, with nothing in it.
  if (position.file === end.file + 1) return position.offset === DATA_START && end.offset === filesOf(instance).closedLength(end.file);
  if (position.file === end.file - 1) return end.offset === DATA_START && position.offset === filesOf(instance).closedLength(position.file);
  return position.file === end.file && position.offset >= end.offset;
}

/** (file f, its end) and the beginning of file f + 1 are one position. */
const DATA_START = 4096;

/** What a journal says from its beginning; null: it is damaged, as it may be, and that is found. */
function replay(world: World, site: Site, end: Position): Content | null {
  assert(site.instance !== null, 'a member that is looked at runs');
  try {
    return new Replica().at(filesOf(site.instance), end);
  } catch (error) {
    if (world.damaged === site && error instanceof GemelError && error.code === 'DAMAGED') return null;
    throw error;
  }
}

function compare(world: World, what: string, found: Content, expected: Content): void {
  const wrong = differenceOf(found, expected);
  if (wrong !== null) world.fail(`${what} ${wrong}`);
}

/** One more read of everything: what was acknowledged and not written over is still there. */
function readAll(world: World, primary: Instance): void {
  const { history } = world;
  for (const key of history.keys) history.call('read', key, null)('ok', primary.read(`^${key}`));
  const wrong = history.check() ?? history.checkPairs((pair, node) => primary.readPair(pair, node));
  if (wrong !== null) world.fail(wrong);
}
