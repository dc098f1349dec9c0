import type { DatabaseView } from '../../engine/api/status.ts';
import type { DatabaseMatrix } from '../contract/index.ts';
import type { Hosts, InstanceFacts } from '../hosts/index.ts';
import { matrixOf, mirrorsOf } from '../view/index.ts';

/** Sizes and local names are asked for; all else members tell by themselves. */
const FRESH_MS = 5000;

interface Options {
  readonly hosts: Hosts;
  /** ms since the epoch. */
  now(): number;
  /** An answer has come that changes something. */
  changed(): void;
}

/** The databases of each mirror that a page shows. The same value as before while nothing of it has changed. Instances are asked only while somebody looks. */
export class DatabaseMatrices {
  readonly #options: Options;
  readonly #lists = new Map<string, readonly DatabaseView[]>();
  readonly #askedAt = new Map<string, number>();
  readonly #last = new Map<string, { text: string; value: DatabaseMatrix }>();
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  of(mirror: string): DatabaseMatrix | null {
    const facts = mirrorsOf(this.#options.hosts.world()).find(({ name }) => name === mirror);
    if (facts === undefined) {
      this.#last.delete(mirror);
      return null;
    }
    for (const instance of facts.instances) this.#askWhenOld(instance);
    const value = matrixOf(facts, this.#lists);
    const text = JSON.stringify(value);
    const last = this.#last.get(mirror);
    if (last?.text === text) return last.value;
    this.#last.set(mirror, { text, value });
    return value;
  }

  close(): void {
    this.#isClosed = true;
  }

  #askWhenOld(instance: InstanceFacts): void {
    const { id, connection } = instance;
    const now = this.#options.now();
    if (this.#isClosed || connection.state !== 'live' || now - (this.#askedAt.get(id) ?? Number.NEGATIVE_INFINITY) < FRESH_MS) return;
    this.#askedAt.set(id, now);
    void this.#ask(instance);
  }

  async #ask({ id, host, name }: InstanceFacts): Promise<void> {
    try {
      const list = await this.#options.hosts.get(host).callInstance(name, 'db.list', {});
      const isNew = JSON.stringify(list) !== JSON.stringify(this.#lists.get(id));
      this.#lists.set(id, list);
      if (isNew && !this.#isClosed) this.#options.changed();
    } catch {
      // Its connection tells the page by itself that nothing new comes; the list it had stays.
      return;
    }
  }
}
