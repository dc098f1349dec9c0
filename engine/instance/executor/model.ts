import type { Bytes } from '../../globals/index.ts';
import { isUnder, type NaiveGlobals, type Path } from '../../globals/model.ts';

/** Used by tests only. A node of the database that a namespace stands for. */
export interface Place {
  readonly namespace: string;
  readonly path: Path;
}

/** What the sentences of the session's interface say, over naive globals. */
export class ModelSession {
  readonly #databases: Map<string, NaiveGlobals>;
  readonly #changed: (namespace: string, path: Path) => void;
  readonly #undo: { namespace: string; path: Path; old: Bytes | undefined }[] = [];
  readonly #levels: number[] = [];

  constructor(databases: Map<string, NaiveGlobals>, changed: (namespace: string, path: Path) => void) {
    this.#databases = databases;
    this.#changed = changed;
  }

  get level(): number {
    return this.#levels.length;
  }

  #at(namespace: string): NaiveGlobals {
    return this.#databases.get(namespace)!;
  }

  #put(namespace: string, path: Path, value: Bytes | undefined): void {
    if (value === undefined) this.#at(namespace).zkill(path);
    else this.#at(namespace).set(path, value);
    this.#changed(namespace, path);
  }

  #update({ namespace, path }: Place, value: Bytes | undefined): void {
    if (this.level > 0) this.#undo.push({ namespace, path, old: this.#at(namespace).get(path) });
    this.#put(namespace, path, value);
  }

  set(place: Place, value: Bytes): void {
    this.#update(place, value);
  }

  zkill(place: Place): void {
    if (this.#at(place.namespace).get(place.path) !== undefined) this.#update(place, undefined);
  }

  kill({ namespace, path }: Place): void {
    for (const node of this.#at(namespace).nodes.filter((n) => isUnder(n.path, path)))
      this.#update({ namespace, path: node.path }, undefined);
  }

  merge(to: Place, from: Place): void {
    const nodes = this.#at(from.namespace).nodes.filter((n) => isUnder(n.path, from.path));
    for (const node of nodes)
      this.#update({ namespace: to.namespace, path: [...to.path, ...node.path.slice(from.path.length)] }, node.value);
  }

  increment({ namespace, path }: Place, by: number): Bytes {
    const sum = String((Number.parseInt(this.#at(namespace).get(path) ?? '0', 10) || 0) + by);
    this.#put(namespace, path, sum);
    return sum;
  }

  start(): number {
    return this.#levels.push(this.#undo.length);
  }

  commit(): number {
    this.#levels.pop();
    if (this.level === 0) this.#undo.length = 0;
    return this.level;
  }

  rollBack(levels: number): number {
    const target = levels === 0 ? 0 : this.level - levels;
    const mark = this.#levels[target]!;
    this.#levels.length = target;
    for (const { namespace, path, old } of this.#undo.splice(mark).reverse()) {
      if (old !== undefined || this.#at(namespace).get(path) !== undefined) this.#put(namespace, path, old);
    }
    return target;
  }
}
