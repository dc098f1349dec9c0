import { recordTypes, scanRecords, type Position } from '../../journal/index.ts';
import type { Key } from '../../globals/index.ts';
import { assert } from '../../io/index.ts';
import { GemelError } from '../../api/errors.ts';
import type { Instance } from './instance.ts';
import { databaseName } from './layout.ts';
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
  const members = world.all.filter(
    (site) => !world.isRuined(site) || (site === world.damaged && follows(site) && isAt(site.instance, end)),
  );
  const isContained = (): boolean => members.every((site) => site.instance !== null && isAt(site.instance, end));
  if (!(await world.until(isContained, DEJOURNAL_MS + 10 * world.profile.qosMs)))
    return world.fail(`the databases do not come to ${end.file}:${end.offset}: ${world.state}`);
  world.note('--', 'the end is checked');
  const expected = replay(world, primary, end);
  if (expected === null) return readAll(world, primary);
  for (const { name, instance } of members) {
    assert(instance !== null, 'both members run');
    compare(world, `the journal of ${name}`, replay(world, instance, end) ?? expected, expected);
    compare(world, `the database of ${name}`, contentOf(instance), expected);
  }
  readAll(world, primary);
}

function follows(site: Site): site is Site & { readonly instance: Instance } {
  return site.instance?.mirror?.crashed === null;
}

function isAt(instance: Instance, end: Position): boolean {
  const position = instance.host?.databases()[0]?.position ?? null;
  const before = instance.mirror?.journal.journal.files.closedLength(end.file - 1);
  if (position === null) return false;
  if (position.file === end.file - 1) return end.offset === DATA_START && position.offset === before;
  return position.file === end.file && position.offset >= end.offset;
}

/** (file f, its end) and the beginning of file f + 1 are one position. */
const DATA_START = 4096;

type Content = ReadonlyMap<Key, string>;

/** What a journal says from its beginning, by the records alone; null: it is damaged, as it may be, and that is found. */
function replay(world: World, instance: Instance, end: Position): Content | null {
  const content = new Map<Key, string>();
  const files = instance.mirror?.journal.journal.files;
  assert(files !== undefined, 'a running member has its journal open');
  try {
    scanRecords(files, { file: 1, offset: 0 }, end, (record) => {
      if (record.type === recordTypes.set) content.set(record.key, record.value);
      if (record.type === recordTypes.kill) content.delete(record.key);
    });
  } catch (error) {
    if (world.damaged === instance.site && error instanceof GemelError && error.code === 'DAMAGED') return null;
    throw error;
  }
  return content;
}

function contentOf(instance: Instance): Content {
  const database = instance.store?.executor.namespaces.find(databaseName);
  assert(database !== undefined, 'the mirrored database is mounted');
  const content = new Map<Key, string>();
  for (let node = database.nodes.next('', '\xff\xff', true); node !== undefined; node = database.nodes.next(node.key, '\xff\xff', false))
    content.set(node.key, node.value);
  return content;
}

function compare(world: World, what: string, found: Content, expected: Content): void {
  for (const [key, value] of expected)
    if (found.get(key) !== value) world.fail(`${what} has ${found.get(key) ?? 'nothing'} at ${JSON.stringify(key)} instead of ${value}`);
  if (found.size !== expected.size) world.fail(`${what} has ${found.size} nodes instead of ${expected.size}`);
}

/** One more read of everything: what was acknowledged and not written over is still there. */
function readAll(world: World, primary: Instance): void {
  const { history } = world;
  for (const key of history.keys) history.call('read', key, null)('ok', primary.read(`^${key}`));
  const wrong = history.check() ?? history.checkPairs((pair, node) => primary.readPair(pair, node));
  if (wrong !== null) world.fail(wrong);
}
