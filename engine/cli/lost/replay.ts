import type { Bytes } from '../../globals/index.ts';
import type { RespClient } from '../resp-client.ts';
import type { LostNode, LostUnit } from './units.ts';

/** A node that is not what the report says it was changed from. */
export interface ChangedNode {
  readonly reference: Bytes;
  readonly was: Bytes | null;
  readonly is: Bytes | null;
}

export interface ReplayOutcome {
  readonly id: string;
  /** 'would be replayed': nothing was changed, since it was not confirmed. */
  readonly outcome: 'replayed' | 'would be replayed' | 'there already' | 'changed since' | 'never committed';
  readonly nodes: number;
  readonly changed: readonly ChangedNode[];
}

export interface ReplayOptions {
  /** To the primary's superserver, for bytes. */
  readonly client: RespClient;
  readonly confirmed: boolean;
  readonly evenIfChanged: boolean;
}

/** What was looked at is watched: the transaction is not carried out when any of it changes in between. */
const TRIES = 3;

/** Carries out lost units on the primary, one transaction each, or says what would be done. */
export class Replay {
  readonly #options: ReplayOptions;
  /** What nodes would be by now. */
  readonly #supposed = new Map<Bytes, Bytes | null>();

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** Throws RespError, UNREACHABLE. */
  async unit(unit: LostUnit): Promise<ReplayOutcome> {
    const nodes = unit.nodes.size;
    const end = (outcome: ReplayOutcome['outcome'], changed: readonly ChangedNode[] = []): ReplayOutcome => ({
      id: unit.id,
      outcome,
      nodes,
      changed,
    });
    if (unit.outcome !== 'committed' && unit.outcome !== 'single') return end('never committed');
    const { client, confirmed, evenIfChanged } = this.#options;
    let changed: ChangedNode[] = [];
    for (let left = TRIES; left > 0; left -= 1) {
      await client.command('GWATCH', ...unit.nodes.keys());
      const now = await this.#look(unit);
      changed = differing(unit, now, ({ from }) => from);
      if (differing(unit, now, ({ to }) => to).length === 0) return this.#leave(end('there already'));
      if (changed.length > 0 && !evenIfChanged) return this.#leave(end('changed since', changed));
      if (!confirmed) {
        for (const [reference, { to }] of unit.nodes) this.#supposed.set(reference, to);
        return this.#leave(end('would be replayed', changed));
      }
      if (await this.#write(unit)) return end('replayed', changed);
    }
    return end('changed since', changed);
  }

  async #leave(outcome: ReplayOutcome): Promise<ReplayOutcome> {
    await this.#options.client.command('UNWATCH');
    return outcome;
  }

  async #look(unit: LostUnit): Promise<Map<Bytes, Bytes | null>> {
    const values = await Promise.all(
      [...unit.nodes.keys()].map(async (reference): Promise<[Bytes, Bytes | null]> => {
        const supposed = this.#supposed.get(reference);
        if (supposed !== undefined) return [reference, supposed];
        const value = await this.#options.client.command('GGET', reference);
        return [reference, value === null ? null : String(value)];
      }),
    );
    return new Map(values);
  }

  /** @returns false when something it was decided on has changed: then nothing was written */
  async #write(unit: LostUnit): Promise<boolean> {
    const { client } = this.#options;
    const sent = [client.command('MULTI')];
    for (const [reference, { to }] of unit.nodes)
      sent.push(to === null ? client.command('GZKILL', reference) : client.command('GSET', reference, to));
    const done = client.command('EXEC');
    await Promise.all(sent);
    return (await done) !== null;
  }
}

function differing(unit: LostUnit, now: ReadonlyMap<Bytes, Bytes | null>, wanted: (node: LostNode) => Bytes | null): ChangedNode[] {
  const found: ChangedNode[] = [];
  for (const [reference, node] of unit.nodes) {
    const is = now.get(reference) ?? null;
    const was = wanted(node);
    if (is !== was) found.push({ reference, was, is });
  }
  return found;
}
