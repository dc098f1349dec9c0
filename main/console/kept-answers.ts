/** Answers are this old at most while a page is open: not everything that they depend on is told without being asked. */
const FRESH_MS = 5000;

interface Kept<V> {
  /** What the mirror looked like when it was asked. */
  picture: string;
  askedAt: number;
  asking: boolean;
  view: V | null;
}

export interface KeptOptions<F, V> {
  /** ms since the epoch. */
  now(): number;
  /** null: nothing of that name is known. */
  find(name: string): F | null;
  /** What answers depend on, as far as it is known without asking. */
  pictureOf(facts: F): string;
  /** @param before the answer until now. Never rejects. */
  ask(facts: F, before: V | null): Promise<V>;
  /** An answer has come. */
  changed(): void;
}

/** What members answer to questions that pages show. They are asked only while somebody looks. */
export class KeptAnswers<F, V> {
  readonly #options: KeptOptions<F, V>;
  readonly #kept = new Map<string, Kept<V>>();
  #closed = false;

  constructor(options: KeptOptions<F, V>) {
    this.#options = options;
  }

  /** The newest answers; asks for newer ones in the background where the picture has changed since, or they are old. */
  of(name: string): V | null {
    const facts = this.#options.find(name);
    if (facts === null) {
      this.#kept.delete(name);
      return null;
    }
    const kept = this.#kept.get(name) ?? { picture: '', askedAt: Number.NEGATIVE_INFINITY, asking: false, view: null };
    this.#kept.set(name, kept);
    const picture = this.#options.pictureOf(facts);
    const isOld = picture !== kept.picture || this.#options.now() - kept.askedAt >= FRESH_MS;
    if (isOld && !kept.asking && !this.#closed) void this.#ask(facts, picture, kept);
    return kept.view;
  }

  close(): void {
    this.#closed = true;
  }

  async #ask(facts: F, picture: string, kept: Kept<V>): Promise<void> {
    Object.assign(kept, { picture, askedAt: this.#options.now(), asking: true });
    kept.view = await this.#options.ask(facts, kept.view);
    kept.asking = false;
    if (!this.#closed) this.#options.changed();
  }
}
