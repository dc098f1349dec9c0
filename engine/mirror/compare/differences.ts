import { formatReference, nameOf, type Key, type Node } from '../../globals/index.ts';
import type { DifferenceRange } from '../../api/compare.ts';

/** What one node is like on two members. */
export interface Difference {
  readonly kind: DifferenceRange['kind'];
  readonly key: Key;
  /** What the first member has; null: nothing. */
  readonly wanted: string | null;
}

/** Nodes that differ, in order. Both sources must be in order. */
export async function* differencesOf(first: AsyncIterable<Node>, second: AsyncIterable<Node>): AsyncGenerator<Difference | 'same'> {
  const [one, two] = [first[Symbol.asyncIterator](), second[Symbol.asyncIterator]()];
  let a = await one.next();
  let b = await two.next();
  while (a.done !== true || b.done !== true) {
    const order = a.done === true ? 1 : b.done === true ? -1 : a.value.key < b.value.key ? -1 : a.value.key > b.value.key ? 1 : 0;
    if (order < 0 && a.done !== true) {
      yield { kind: 'missing', key: a.value.key, wanted: a.value.value };
      a = await one.next();
    } else if (order > 0 && b.done !== true) {
      yield { kind: 'surplus', key: b.value.key, wanted: null };
      b = await two.next();
    } else if (a.done !== true && b.done !== true) {
      yield a.value.value === b.value.value ? 'same' : { kind: 'value', key: a.value.key, wanted: a.value.value };
      [a, b] = [await one.next(), await two.next()];
    }
  }
}

/** Gathers differences that stand next to each other. */
export class Ranges {
  readonly found: DifferenceRange[] = [];
  /** Nodes that differ. */
  nodes = 0;
  #isOpen = false;
  #name = '';
  readonly #max: number;

  /** @param max so many ranges are told at most */
  constructor(max: number) {
    this.#max = max;
  }

  add(difference: Difference | 'same'): void {
    if (difference === 'same') {
      this.#isOpen = false;
      return;
    }
    const { kind, key } = difference;
    this.nodes += 1;
    const name = nameOf(key);
    const last = this.found.at(-1);
    if (this.#isOpen && last !== undefined && last.kind === kind && this.#name === name) {
      last.to = formatReference(null, key);
      last.nodes += 1;
      return;
    }
    if (this.found.length >= this.#max) return;
    const reference = formatReference(null, key);
    this.found.push({ kind, from: reference, to: reference, nodes: 1 });
    this.#isOpen = true;
    this.#name = name;
  }
}
