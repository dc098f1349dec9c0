import type { LostUpdate } from '../../api/lost.ts';
import type { Bytes } from '../../globals/index.ts';
import { fromJson } from '../../journal/index.ts';

/** What replaying a lost transaction, or an update by itself, comes to. */
export interface LostUnit {
  readonly id: string;
  readonly outcome: LostUpdate['outcome'];
  /** Place of its newest update in the report: the order to replay in. */
  last: number;
  /** By reference, as the primary knows it. */
  readonly nodes: Map<Bytes, LostNode>;
}

export interface LostNode {
  /** What it was changed from; null: there was no value. */
  readonly from: Bytes | null;
  /** What it was changed to in the end; null: killed. */
  to: Bytes | null;
}

/** Gathers the updates of a report that are chosen. */
export class LostUnits {
  readonly #mirror: string;
  readonly #chosen: ReadonlySet<string> | null;
  readonly #units = new Map<string, LostUnit>();

  /** @param chosen ids; null: everything that was committed */
  constructor(mirror: string, chosen: readonly string[] | null) {
    this.#mirror = mirror;
    this.#chosen = chosen === null ? null : new Set(chosen);
  }

  add({ n, id, outcome, database, reference, old, new: becomes }: LostUpdate): void {
    const isChosen = this.#chosen?.has(id) ?? (outcome === 'committed' || outcome === 'single');
    if (!isChosen) return;
    let unit = this.#units.get(id);
    if (unit === undefined) this.#units.set(id, (unit = { id, outcome, last: n, nodes: new Map() }));
    unit.last = n;
    const at = mirrored(this.#mirror, database, fromJson(reference));
    const to = becomes === null ? null : fromJson(becomes);
    const node = unit.nodes.get(at);
    if (node === undefined) unit.nodes.set(at, { from: old === null ? null : fromJson(old), to });
    else node.to = to;
  }

  /** In the order in which they ended. */
  all(): LostUnit[] {
    return [...this.#units.values()].sort((a, b) => a.last - b.last);
  }

  /** Ids that were chosen and are not in the report. */
  missing(): string[] {
    return [...(this.#chosen ?? [])].filter((id) => !this.#units.has(id));
  }
}

/** A reference to the node in the mirrored database, whatever that is called where it is used. */
function mirrored(mirror: string, database: string, reference: Bytes): Bytes {
  return `^[":mirror:${mirror}:${database}"]${reference.slice(1)}`;
}
