/** Those who want to hear of one kind of event. */
export class Listeners<Args extends readonly unknown[]> {
  #all: readonly ((...args: Args) => void)[] = [];

  /** @returns ends the listening */
  add(listener: (...args: Args) => void): () => void {
    this.#all = [...this.#all, listener];
    return () => {
      this.#all = this.#all.filter((other) => other !== listener);
    };
  }

  emit(...args: Args): void {
    for (const listener of this.#all) listener(...args);
  }
}
