import type { DatabaseComparison } from '../../api/compare.ts';
import { GemelError } from '../../api/errors.ts';
import type { Bytes, Key, Node } from '../../globals/index.ts';
import { comparePositions } from '../../journal/index.ts';
import type { Position } from '../failover/index.ts';
import { differencesOf, Ranges, type Difference } from './differences.ts';
import type { Side } from './side.ts';

/** Nodes of a leaf, and leaves that are looked at in one view of the files: a view keeps their logs from being emptied, for a second or two. */
const LEAF_NODES = 2000;
const LEAVES = 250;
const TRIES = 10;
/** Told one by one. */
const RANGES_MAX = 1000;
/** Whoever differs in more is not told more precisely: it should be restored. */
const DIFFERENT_MAX = 200_000;
/** Changed in one commit. */
const CHANGES_MAX = 5000;

export interface CompareOptions {
  /** What the other copy should be like: the primary's where it is one of the two. */
  readonly first: Side;
  /** The copy here. */
  readonly second: Side;
  /** Makes the copy here like the other one. */
  readonly repair: boolean;
  readonly signal: AbortSignal;
  /** @param nodes compared so far */
  readonly progress: (nodes: number) => void;
  /** Left out: as above. */
  readonly leafNodes?: number;
  readonly leaves?: number;
}

/**
 * Compares two copies of a database, each part of them at one position of the journal that both stand at for a moment; updates and
 * dejournaling go on. Digests of leaves are compared; where they differ, nodes.
 * @throws GemelError TIMEOUT when they do not come to stand at one position, and what the sides throw; aborted: the signal's reason
 */
export async function compareDatabase(options: CompareOptions): Promise<Omit<DatabaseComparison, 'database' | 'skipped'>> {
  const { first, second, repair, signal, progress, leafNodes = LEAF_NODES, leaves = LEAVES } = options;
  const ranges = new Ranges(RANGES_MAX);
  let [nodes, repaired] = [0, 0];
  let position: Position | null = null;
  for (let from: Key | null = ''; from !== null;) {
    signal.throwIfAborted();
    position = await pinBoth(options, false);
    const there = await first.leaves(from, leafNodes, leaves);
    const here = await second.digests(
      from,
      there.map(({ to }) => to),
    );
    const looked: { from: Key; to: Key | null; same: boolean }[] = [];
    for (const [n, leaf] of there.entries()) {
      looked.push({ from, to: leaf.to, same: here[n]?.digest === leaf.digest });
      nodes += leaf.nodes;
      from = leaf.to;
      if (from === null) break;
    }
    progress(nodes);
    for (const leaf of looked) {
      signal.throwIfAborted();
      if (leaf.same) {
        ranges.add('same');
        continue;
      }
      if (ranges.nodes > DIFFERENT_MAX) return { position, nodes, different: ranges.nodes, repaired, ranges: ranges.found };
      if (repair) {
        const done = await repairLeaf(options, leaf, ranges);
        repaired += done.repaired;
        position = done.position;
      } else for await (const each of differencesOf(nodesOf(first, leaf), nodesOf(second, leaf))) ranges.add(each);
    }
  }
  return { position, nodes, different: ranges.nodes, repaired, ranges: ranges.found };
}

/** @returns where both are now read as they were */
async function pinBoth({ first, second, signal }: CompareOptions, keep: boolean): Promise<Position> {
  for (let tried = 1; ; tried += 1) {
    signal.throwIfAborted();
    try {
      const begun = await first.hold();
      // It may be further than that already; then the other one goes on until there.
      const position = await second.pin(begun, keep);
      if (comparePositions(await first.pin(position, false), position) === 0) return position;
    } catch (error) {
      if (!(error instanceof GemelError) || error.code !== 'TIMEOUT') throw error;
    }
    await Promise.all([first.release(), second.release()]);
    if (tried === TRIES)
      throw new GemelError(
        'TIMEOUT',
        'The two copies did not come to stand at one position of the journal.',
        'Nothing was changed.',
        'Compare them when the member is caught up.',
      );
  }
}

async function* nodesOf(side: Side, { from, to }: { readonly from: Key; readonly to: Key | null }): AsyncGenerator<Node> {
  for (let next: Key | null = from; next !== null;) {
    const page = await side.nodes(next, to);
    for (const [key, value] of page.nodes) yield { key, value };
    next = page.next;
  }
}

/** At a position of its own: what has changed since the digests were made may be right by now. */
async function repairLeaf(
  options: CompareOptions,
  leaf: { readonly from: Key; readonly to: Key | null },
  ranges: Ranges,
): Promise<{ repaired: number; position: Position }> {
  const { first, second } = options;
  for (let tried = 1; ; tried += 1) {
    const position = await pinBoth(options, true);
    const found: (Difference | 'same')[] = [];
    for await (const each of differencesOf(nodesOf(first, leaf), nodesOf(second, leaf))) found.push(each);
    const changes = found.flatMap((each): [Key, Bytes | null][] => (each === 'same' ? [] : [[each.key, each.wanted]]));
    try {
      for (let at = 0; at < changes.length; at += CHANGES_MAX) await second.correct(position, changes.slice(at, at + CHANGES_MAX));
      for (const each of found) ranges.add(each);
      return { repaired: changes.length, position };
    } catch (error) {
      // Dejournaling has gone on: what was not changed yet is looked at anew.
      if (!(error instanceof GemelError) || error.code !== 'TIMEOUT' || tried === TRIES) throw error;
    } finally {
      await second.release();
    }
  }
}
