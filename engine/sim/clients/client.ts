import type { Session } from '../../instance/session.ts';
import type { Dice } from '../faults/schedule.ts';
import type { FailoverHostName } from '../faults/kinds.ts';
import type { History, Outcome } from './history.ts';
import type { Reply, Served } from './service.ts';

/** What a client needs of the world around it. */
export interface ClientWorld {
  readonly dice: Dice;
  readonly qosMs: number;
  /** Where a primary may be. */
  readonly hosts: readonly FailoverHostName[];
  readonly history: History;
  after(ms: number, fn: () => void): { cancel(): void };
  /** Carries a message to the member's process, if it gets there. */
  toMember(host: FailoverHostName, deliver: () => void): void;
  /** Carries a message back to the clients' host, if it gets there. */
  toClient(host: FailoverHostName, deliver: () => void): void;
  /** Whether an operator's force has given up what is done in epochs of that major. */
  isGivenUp(major: number): boolean;
  /** Ends a connection: its member learns of it as soon as anything gets there. */
  hangUp(host: FailoverHostName, served: Served): void;
  /** A connection to the process that runs there now; null: nobody listens. */
  connect(host: FailoverHostName, cut: () => void): Served | null;
  note(text: string): void;
}

interface Connection {
  readonly host: FailoverHostName;
  /** Transactions of each connection have nodes of their own: one that was cut may still be open when the next begins. */
  readonly pair: string;
  served: Served | null;
}

const REGISTERS = 4;
/** Longest wait for an answer, in Q. */
const PATIENCE = 3;

/** A client that reads, writes, counts and transacts one operation at a time, and looks for the primary when it is refused. */
export class Client {
  readonly #world: ClientWorld;
  readonly #name: string;
  readonly #thinkMs: number;
  #host: FailoverHostName;
  #connection: Connection | null = null;
  #connections = 0;
  #written = 0;
  #stopped = false;
  #isThinking = true;
  /** The operation under way: ends it as lost. */
  #lose: (() => void) | null = null;

  constructor(world: ClientWorld, name: string, thinkMs: number) {
    this.#world = world;
    this.#name = name;
    this.#thinkMs = thinkMs;
    this.#host = world.dice.next() < 0.5 ? 'A' : 'B';
    this.#think();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** No operation is under way. */
  get isQuiet(): boolean {
    return this.#isThinking;
  }

  #think(): void {
    this.#isThinking = true;
    this.#world.after(this.#thinkMs * 2 * this.#world.dice.next(), () => {
      if (this.#stopped) return;
      this.#isThinking = false;
      this.#begin();
    });
  }

  #begin(): void {
    const r = this.#world.dice.next();
    if (r < 0.4) this.#write();
    else if (r < 0.75) this.#read();
    else if (r < 0.85) this.#count();
    else this.#transact();
  }

  #value(): string {
    this.#written += 1;
    return `${this.#name}.${this.#written}`;
  }

  #register(): string {
    return `r${Math.floor(this.#world.dice.next() * REGISTERS)}`;
  }

  #write(): void {
    const key = this.#register();
    const value = this.#value();
    const end = this.#world.history.call('write', key, value);
    this.#request<null>(
      (session, gate) => {
        session.set(session.resolve(`^${key}`), value);
        gate.changed();
        return null;
      },
      (outcome) => {
        this.#world.note(`${this.#name} writes ${key}=${value}: ${outcome}`);
        end(outcome);
      },
    );
  }

  #read(): void {
    const key = this.#register();
    const end = this.#world.history.call('read', key, null);
    this.#request<string | null>(
      (session, gate) => {
        const value = session.get(session.resolve(`^${key}`)) ?? null;
        gate.showed();
        return value;
      },
      (outcome, value) => {
        if (outcome === 'ok') this.#world.note(`${this.#name} reads ${key}=${value ?? 'nothing'}`);
        end(outcome, value ?? null);
      },
    );
  }

  #count(): void {
    const end = this.#world.history.increment();
    this.#request<number>(
      (session, gate) => {
        const value = Number(session.increment(session.resolve('^count'), '1'));
        gate.changed();
        return value;
      },
      (outcome, value) => {
        if (outcome === 'ok') this.#world.note(`${this.#name} counts ${value ?? 0}`);
        end(outcome, value ?? 0);
      },
    );
  }

  /** Two nodes of its own that are always changed together; some time passes in between. */
  #transact(): void {
    const { pair } = this.#connected();
    const value = this.#value();
    const set = (session: Session, gate: { changed(): void }, node: string): void => {
      session.set(session.resolve(pairNode(pair, node)), value);
      gate.changed();
    };
    const end = this.#world.history.transaction(pair, value);
    const ended = (outcome: Outcome | 'rolled back'): void => {
      this.#world.note(`${this.#name} transacts ${pair}=${value}: ${outcome}`);
      end(outcome);
    };
    const commits = this.#world.dice.next() < 0.75;
    const pause = this.#world.dice.next() < 0.3 ? this.#world.qosMs * this.#world.dice.next() : 0;
    const second = (session: Session, gate: { changed(): void }): boolean => {
      // With the member's role the transaction has ended: the new primary rolls it back.
      if (session.level === 0) return false;
      set(session, gate, 'b');
      if (commits) session.tcommit();
      else session.trollback(0);
      gate.changed();
      return commits;
    };
    this.#request<void>(
      (session, gate) => {
        session.tstart();
        set(session, gate, 'a');
      },
      (first) => {
        if (first !== 'ok') return ended(first);
        this.#world.after(pause, () => {
          if (this.#connection?.pair === pair)
            return this.#request(second, (outcome, committed) => ended(outcome === 'ok' && committed !== true ? 'rolled back' : outcome));
          ended('lost');
          this.#think();
        });
      },
      false,
    );
  }

  // ------------------------------------------------------------ requests

  #connected(): Connection {
    if (this.#connection !== null) return this.#connection;
    this.#connections += 1;
    this.#connection = { host: this.#host, pair: `${this.#name}x${this.#connections}`, served: null };
    return this.#connection;
  }

  /** @param thenThinks whether the next operation begins by itself when this one is answered with OK */
  #request<T>(
    act: (session: Session, gate: { showed(): void; changed(): void }) => T,
    done: (outcome: Outcome, value?: T) => void,
    thenThinks = true,
  ): void {
    const world = this.#world;
    const connection = this.#connected();
    let isOver = false;
    const over = (outcome: Outcome, value?: T): void => {
      if (isOver) return;
      isOver = true;
      this.#lose = null;
      timer.cancel();
      done(outcome, value);
      if (outcome !== 'ok') this.#elsewhere(connection);
      if (thenThinks || outcome !== 'ok') this.#think();
    };
    const timer = world.after(PATIENCE * world.qosMs, () => over('lost'));
    this.#lose = () => over('lost');
    world.toMember(connection.host, () => {
      if (isOver) return;
      connection.served ??= world.connect(connection.host, () => this.#wasCut(connection));
      if (connection.served === null) return world.toClient(connection.host, () => over('refused'));
      connection.served.perform(act, (reply: Reply<T>) =>
        world.toClient(connection.host, () => {
          if (!reply.ok) over('refused');
          // As good as no answer: an operator has given up what that member goes on doing.
          else if (world.isGivenUp(reply.major)) over('lost');
          else over('ok', reply.value);
        }),
      );
    });
  }

  #wasCut(connection: Connection): void {
    this.#world.toClient(connection.host, () => {
      if (this.#connection !== connection) return;
      this.#connection = null;
      this.#lose?.();
    });
  }

  /** Another member, on a new connection. */
  #elsewhere(connection: Connection): void {
    this.#connection = null;
    const { hosts } = this.#world;
    this.#host = hosts[(hosts.indexOf(connection.host) + 1) % hosts.length] ?? 'A';
    const { served } = connection;
    if (served !== null) this.#world.hangUp(connection.host, served);
  }
}

/** The reference of one of a transaction's two nodes. */
export function pairNode(pair: string, node: string): string {
  return `^pair("${pair}","${node}")`;
}
