import type { Key } from '../../globals/index.ts';
import { comparePositions, recordTypes, scanRecords, type JournalFiles, type Position } from '../../journal/index.ts';

export type Content = ReadonlyMap<Key, string>;

/** The first block of all. */
const BEGINNING: Position = { file: 1, offset: 0 };

/** What a journal says up to a position, by its records alone. Asked for a later one it reads on from where it was. */
export class Replica {
  readonly #content = new Map<Key, string>();
  #at = BEGINNING;

  /** @throws GemelError as `scanRecords` does; then it begins anew */
  at(files: JournalFiles, position: Position): Content {
    if (comparePositions(position, this.#at) < 0) this.#forget();
    try {
      scanRecords(files, this.#at, position, (record) => {
        if (record.type === recordTypes.set) this.#content.set(record.key, record.value);
        if (record.type === recordTypes.kill) this.#content.delete(record.key);
      });
    } catch (error) {
      this.#forget();
      throw error;
    }
    this.#at = position;
    return this.#content;
  }

  #forget(): void {
    this.#content.clear();
    this.#at = BEGINNING;
  }
}

/** What is wrong with it; null: it is what it should be. */
export function differenceOf(found: Content, expected: Content): string | null {
  for (const [key, value] of expected)
    if (found.get(key) !== value) return `has ${found.get(key) ?? 'nothing'} at ${JSON.stringify(key)} instead of ${value}`;
  return found.size === expected.size ? null : `has ${found.size} nodes instead of ${expected.size}`;
}
