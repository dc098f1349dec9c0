/** Where the values of one subscription come from. */
export interface TopicSource<V> {
  /** Calls `push` with the newest value as soon as there is one, then at each change, until the returned function is called. */
  subscribe(push: (value: V) => void): () => void;
}

/** A topic that keeps its newest value and tells whoever listens. */
export class Topic<V> implements TopicSource<V> {
  readonly #listeners = new Set<(value: V) => void>();
  #newest: { readonly value: V } | undefined;

  /** Newest value so far. */
  get newest(): V | undefined {
    return this.#newest?.value;
  }

  /** How many listen now: a source may rest while nobody does. */
  get listeners(): number {
    return this.#listeners.size;
  }

  publish(value: V): void {
    this.#newest = { value };
    for (const listener of [...this.#listeners]) listener(value);
  }

  subscribe(push: (value: V) => void): () => void {
    const listener = (value: V): void => push(value);
    this.#listeners.add(listener);
    if (this.#newest !== undefined) push(this.#newest.value);
    return () => this.#listeners.delete(listener);
  }
}
