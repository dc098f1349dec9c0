import { sameEpoch } from '../epochs.ts';
import type { Epoch, JournalEnd, Position } from '../types.ts';

/** A journal as the decisions see it: one file for each epoch, blocks are numbers. */
export type ModelJournal = readonly { readonly epoch: Epoch; readonly blocks: readonly number[] }[];

export function journalEnd(journal: ModelJournal): JournalEnd {
  const last = journal.at(-1);
  return { epoch: last?.epoch ?? { major: 0, minor: 0, member: '' }, position: positionAtEnd(journal) };
}

export function positionAtEnd(journal: ModelJournal): Position {
  return { file: journal.length, offset: journal.at(-1)?.blocks.length ?? 0 };
}

export function reaches(position: Position, other: Position): boolean {
  return position.file > other.file || (position.file === other.file && position.offset >= other.offset);
}

export function holds(journal: ModelJournal, block: number): boolean {
  return journal.some((e) => e.blocks.includes(block));
}

export function withBlock(journal: ModelJournal, block: number): ModelJournal {
  const last = journal.at(-1);
  if (last === undefined) throw new Error('no epoch to write in');
  return [...journal.slice(0, -1), { epoch: last.epoch, blocks: [...last.blocks, block] }];
}

/** What both begin with. Throws when one epoch has two histories, which one writer cannot have written. */
export function common(a: ModelJournal, b: ModelJournal): ModelJournal {
  const out: { epoch: Epoch; blocks: readonly number[] }[] = [];
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined || !sameEpoch(x.epoch, y.epoch)) return out;
    const length = Math.min(x.blocks.length, y.blocks.length);
    for (let n = 0; n < length; n += 1)
      if (x.blocks[n] !== y.blocks[n]) throw new Error(`two histories of epoch ${x.epoch.major}.${x.epoch.minor}`);
    out.push({ epoch: x.epoch, blocks: x.blocks.slice(0, length) });
    if (x.blocks.length !== y.blocks.length) return out;
  }
  return out;
}
