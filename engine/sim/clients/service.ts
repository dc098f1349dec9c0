import { GemelError } from '../../api/errors.ts';
import type { Executor } from '../../instance/executor/index.ts';
import type { Session } from '../../instance/session.ts';
import type { Clock } from '../../io/clock.ts';
import { ReplyGate } from '../../superserver/reply-gate.ts';

/** How often a reply that waits for the read rule alone is looked at again, as a share of Q. */
const READ_RULE_SHARE = 1 / 32;
const settings = {
  name: '',
  libraryName: '',
  libraryVersion: '',
  durability: 'sync' as const,
  reads: 'durable' as const,
};

/** The answer to a client: what the operation gave, or why it was refused. */
export type Reply<T> =
  /** `major`: of the epoch in which it was done. */
  { readonly ok: true; readonly value: T; readonly major: number } | { readonly ok: false; readonly error: GemelError };

/** What a superserver does for its clients, without bytes: sessions, and replies held by the production code's gate. */
export class Service {
  readonly #executor: Executor;
  readonly #major: () => number;
  readonly #clock: Clock;
  readonly #recheckMs: number;
  readonly #connections = new Set<Served>();
  #timer: { cancel(): void } | null = null;

  /** @param major of the epoch that the member writes in */
  constructor(executor: Executor, clock: Clock, qosMs: number, major: () => number) {
    this.#executor = executor;
    this.#major = major;
    this.#clock = clock;
    this.#recheckMs = Math.max(1, qosMs * READ_RULE_SHARE);
    executor.onDurable(() => this.#release());
  }

  /**
   * A client that looks for the primary asks for the role first, and stays only where it is one.
   * @param cut told when the member ends the connection
   */
  connect(cut: () => void): Served | null {
    if (this.#executor.role().role !== 'primary') return null;
    const served = new Served(
      this.#executor,
      this.#major,
      () => this.#watch(),
      () => this.#connections.delete(served),
      cut,
    );
    this.#connections.add(served);
    return served;
  }

  /** The member lets its clients go. */
  cutAll(): void {
    for (const served of [...this.#connections]) served.cut();
  }

  /** The process is gone. @param told whether its clients learn that their connections are */
  killed(told: boolean): void {
    for (const served of this.#connections) served.killed(told);
    this.#timer?.cancel();
  }

  #release(): void {
    for (const served of this.#connections) served.release();
  }

  #watch(): void {
    this.#timer ??= this.#clock.timer(this.#recheckMs, () => {
      this.#timer = null;
      this.#release();
      if ([...this.#connections].some((served) => served.waits)) this.#watch();
    });
  }
}

/** One connection as its member has it. */
export class Served {
  readonly #session: Session;
  readonly #gate: ReplyGate;
  readonly #major: () => number;
  readonly #waits: () => void;
  readonly #gone: () => void;
  readonly #cut: () => void;
  #replies: { readonly end: number; readonly send: () => void }[] = [];
  #end = 0;
  #closed = false;

  constructor(executor: Executor, major: () => number, waits: () => void, gone: () => void, cut: () => void) {
    this.#major = major;
    this.#session = executor.open('DATA');
    this.#gate = new ReplyGate(executor);
    this.#waits = waits;
    this.#gone = gone;
    this.#cut = cut;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get waits(): boolean {
    return this.#gate.count > 0;
  }

  /**
   * Does one operation; `reply` is called once what it stands for or shows may be told.
   * @param act says with `showed` and `changed` what the operation just done on the session was
   */
  perform<T>(act: (session: Session, gate: { showed(): void; changed(): void }) => T, reply: (reply: Reply<T>) => void): void {
    if (this.#closed) return;
    const session = this.#session;
    this.#gate.begin();
    let done: Reply<T>;
    try {
      const value = act(session, {
        showed: () => this.#gate.showed(session.ticket),
        changed: () => this.#gate.changed(session.ticket),
      });
      done = { ok: true, value, major: this.#major() };
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      done = { ok: false, error };
    }
    this.#end += 1;
    this.#replies.push({ end: this.#end, send: () => reply(done) });
    this.#gate.finish(this.#end, settings);
    this.#flush();
    if (this.waits) this.#waits();
  }

  release(): void {
    if (this.#gate.release()) this.#flush();
  }

  #flush(): void {
    const { released } = this.#gate;
    while ((this.#replies[0]?.end ?? Infinity) <= released && !this.#closed) this.#replies.shift()?.send();
  }

  /** The client has gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#replies = [];
    this.#gone();
    this.#session.close();
  }

  killed(told: boolean): void {
    this.#closed = true;
    if (told) this.#cut();
  }

  /** The member lets the client go. */
  cut(): void {
    if (this.#closed) return;
    this.close();
    this.#cut();
  }
}
