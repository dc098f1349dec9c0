import { RespClient, RespError, type RespValue } from '../../engine/cli/resp-client.ts';
import type { SeededRandom } from './random.ts';

/** Nodes by `NAMESPACE:subscripts`, as text. */
export type State = Map<string, string>;

/** What is sent together; it has happened as a whole or not at all. */
export interface Unit {
  readonly commands: readonly (readonly string[])[];
  readonly apply: (state: State) => void;
  /** What the last reply must be in that state, where it says something. */
  readonly answer?: (state: State) => RespValue;
  /** How much it adds to the counter that all writers share. */
  readonly counts?: number;
}

const NAMESPACES = ['USER', 'OTHER'] as const;
/** Sent and not answered at most: whatever of them has happened is a beginning of their list. */
const PIPELINE = 6;

const reference = (place: string): string => {
  const [namespace, subscripts] = place.split(/:(.*)/);
  return `^|"${namespace}"|load(${subscripts})`;
};
const isWithin = (place: string, ancestor: string): boolean => place === ancestor || place.startsWith(`${ancestor},`);

function setUnit(place: string, value: string): Unit {
  return { commands: [['GSET', reference(place), value]], apply: (state) => state.set(place, value) };
}

function killIn(state: State, ancestor: string): void {
  for (const place of [...state.keys()]) if (isWithin(place, ancestor)) state.delete(place);
}

/** Makes units that touch only what belongs to one writer, and the shared counter. */
export class UnitMaker {
  readonly #random: SeededRandom;
  readonly #writer: number;

  constructor(random: SeededRandom, writer: number) {
    this.#random = random;
    this.#writer = writer;
  }

  next(): Unit {
    const choice = this.#random.below(20);
    if (choice < 6) return setUnit(this.#node(), this.#value());
    if (choice < 8) return this.#kill();
    if (choice < 9) return this.#zkill();
    if (choice < 11) return this.#increment();
    if (choice < 12) return this.#merge();
    if (choice < 13) return this.#count();
    if (choice < 16) return this.#transaction('TCOMMIT');
    if (choice < 17) return this.#transaction('TROLLBACK');
    if (choice < 18) return this.#nested();
    return this.#multi();
  }

  #place(rest: string): string {
    return `${this.#random.pick(NAMESPACES)}:${this.#writer},${rest}`;
  }

  #node(): string {
    const deeper = this.#random.below(3) === 0 ? `,${this.#random.below(4)}` : '';
    return this.#place(`"n",${this.#random.below(25)}${deeper}`);
  }

  #value(): string {
    const length = this.#random.below(40) === 0 ? 20_000 : this.#random.below(200);
    return `${this.#random.below(1e9)}${'v'.repeat(length)}`;
  }

  #kill(): Unit {
    const place = this.#random.below(4) === 0 ? this.#place('"n"') : this.#node();
    return { commands: [['GKILL', reference(place)]], apply: (state) => killIn(state, place) };
  }

  #zkill(): Unit {
    const place = this.#node();
    return { commands: [['GZKILL', reference(place)]], apply: (state) => state.delete(place) };
  }

  #increment(): Unit {
    const place = this.#place(`"c",${this.#random.below(3)}`);
    const by = this.#random.below(9) - 4;
    const sum = (state: State): string => String(Number(state.get(place) ?? '0') + by);
    return { commands: [['GINCR', reference(place), String(by)]], apply: (state) => state.set(place, sum(state)), answer: sum };
  }

  #count(): Unit {
    return { commands: [['GINCR', '^count', '1']], apply: () => undefined, counts: 1 };
  }

  #merge(): Unit {
    const [from, to] = [this.#place('"n"'), this.#place(`"m",${this.#random.below(2)}`)];
    const apply = (state: State): void => {
      for (const [place, value] of [...state]) if (isWithin(place, from)) state.set(to + place.slice(from.length), value);
    };
    return { commands: [['GMERGE', reference(to), reference(from)]], apply };
  }

  /** Nodes in both databases and their sum. */
  #parts(): [place: string, value: string][] {
    const slot = `"t",${this.#random.below(8)}`;
    const values = Array.from({ length: 2 + this.#random.below(6) }, () => this.#random.below(1000));
    const parts = values.map((value, n): [string, string] => [this.#place(`${slot},${n}`), String(value)]);
    return [...parts, [`USER:${this.#writer},${slot},"sum"`, String(values.reduce((a, b) => a + b))]];
  }

  #transaction(end: 'TCOMMIT' | 'TROLLBACK'): Unit {
    const parts = this.#parts();
    const kill = this.#random.below(3) === 0 ? [this.#place('"n"')] : [];
    return {
      commands: [
        ['TSTART'],
        ...kill.map((place) => ['GKILL', reference(place)]),
        ...parts.map(([place, value]) => ['GSET', reference(place), value]),
        [end],
      ],
      apply(state) {
        if (end === 'TROLLBACK') return;
        for (const place of kill) killIn(state, place);
        for (const [place, value] of parts) state.set(place, value);
      },
    };
  }

  /** The inner level is rolled back, the outer one stands. */
  #nested(): Unit {
    const [outer, inner] = [this.#parts(), this.#parts()];
    const sets = (parts: [string, string][]): string[][] => parts.map(([place, value]) => ['GSET', reference(place), value]);
    return {
      commands: [['TSTART'], ...sets(outer), ['TSTART'], ...sets(inner), ['TROLLBACK', '1'], ['TCOMMIT']],
      apply: (state) => outer.forEach(([place, value]) => state.set(place, value)),
    };
  }

  #multi(): Unit {
    const parts = this.#parts();
    return {
      commands: [['MULTI'], ...parts.map(([place, value]) => ['GSET', reference(place), value]), ['EXEC']],
      apply: (state) => parts.forEach(([place, value]) => state.set(place, value)),
    };
  }
}

/** A client that writes until its instance is killed, and knows what must and what may be there afterwards. */
export class LoadWriter {
  readonly writer: number;
  /** With everything acknowledged. */
  certain: State = new Map();
  /** Sent without an answer, in order. */
  inFlight: Unit[] = [];
  acknowledged = 0;
  readonly #units: UnitMaker;

  constructor(random: SeededRandom, writer: number) {
    this.writer = writer;
    this.#units = new UnitMaker(random, writer);
  }

  /** Returns when the connection is lost. Throws what is answered wrongly. `counted` hears what was added to the shared counter. */
  async run(port: number, counted: (by: number) => void): Promise<void> {
    const client = await RespClient.connect('127.0.0.1', port);
    const answers: Promise<RespValue>[] = [];
    for (;;) {
      while (this.inFlight.length < PIPELINE) {
        const unit = this.#units.next();
        this.inFlight.push(unit);
        answers.push(sendAll(client, unit));
      }
      const first = answers.shift();
      if (first === undefined) throw new Error('a unit in flight has an answer to wait for');
      const answer = await first.catch(lost);
      if (answer instanceof Error) {
        await Promise.all(answers.map((each) => each.catch(lost)));
        return;
      }
      this.#acknowledge(answer, counted);
    }
  }

  #acknowledge(answer: RespValue, counted: (by: number) => void): void {
    const unit = this.inFlight.shift();
    if (unit === undefined) throw new Error('an answer belongs to a unit');
    const expected = unit.answer?.(this.certain);
    if (expected !== undefined && expected !== answer)
      throw new Error(`${JSON.stringify(unit.commands)} was answered ${JSON.stringify(answer)}, not ${String(expected)}`);
    unit.apply(this.certain);
    counted(unit.counts ?? 0);
    this.acknowledged += 1;
  }

  /** Compares what an instance has after a restart: everything acknowledged, and a beginning of what was in flight. Throws what is wrong. */
  async verify(client: RespClient): Promise<void> {
    const found = await this.#read(client);
    const state = new Map(this.certain);
    let difference = differenceOf(state, found);
    for (const unit of this.inFlight) {
      if (difference === null) break;
      unit.apply(state);
      difference = differenceOf(state, found) === null ? null : difference;
    }
    if (difference !== null)
      throw new Error(`writer ${this.writer}: not what was acknowledged, nor with any beginning of what was in flight: ${difference}`);
    this.certain = found;
    this.inFlight = [];
  }

  async #read(client: RespClient): Promise<State> {
    const found: State = new Map();
    for (const namespace of NAMESPACES) {
      let cursor = '0';
      do {
        const page = await client.command('GSCAN', `^|"${namespace}"|load(${this.writer})`, 'CURSOR', cursor, 'COUNT', '1000');
        if (!Array.isArray(page) || !Array.isArray(page[1])) throw new Error('GSCAN answers a cursor and a list');
        cursor = String(page[0]);
        for (let n = 0; n < page[1].length; n += 2) {
          const subscripts = /load\((.*)\)$/.exec(String(page[1][n]))?.[1] ?? '';
          found.set(`${namespace}:${subscripts}`, String(page[1][n + 1]));
        }
      } while (cursor !== '0');
    }
    return found;
  }
}

/** The last reply of a unit; each reply may be an error, which is thrown. */
async function sendAll(client: RespClient, unit: Unit): Promise<RespValue> {
  const answers = await Promise.all(unit.commands.map((command) => client.command(...command)));
  return answers.at(-1) ?? null;
}

function lost(error: unknown): Error {
  if (error instanceof RespError || !(error instanceof Error)) throw error;
  return error;
}

function differenceOf(wanted: State, found: State): string | null {
  for (const [place, value] of wanted)
    if (found.get(place) !== value) return `${place} is ${found.get(place)?.slice(0, 60) ?? 'missing'} instead of ${value.slice(0, 60)}`;
  for (const [place, value] of found) if (!wanted.has(place)) return `${place} is ${value.slice(0, 60)} instead of missing`;
  return null;
}
