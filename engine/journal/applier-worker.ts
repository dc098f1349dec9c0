import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import type { ApplierCommand, ApplierNews, ApplierProgress, ApplierThreadData, PlainError } from './applier-messages.ts';
import type { ApplierThread, StartApplierThread } from './applier-start.ts';
import type { Position } from './types.ts';

/** What a question is answered with. */
export type ApplierAnswer = Extract<ApplierNews, { name: 'done' }>;

export interface ApplierWorkerUser {
  applied(): void;
  /** `database` null: it feeds none any more. */
  failed(database: string | null, position: Position, error: GemelError): void;
}

function asError({ code, what, safe, todo }: PlainError): GemelError {
  return new GemelError(code, what, safe, todo);
}

/** One thread of an applier, with the databases that it feeds: commands go in, and each question has its answer. */
export class ApplierWorker {
  /** Those that it feeds: by name, the updates that each had taken at the last `noteUpdates`. */
  readonly databases = new Map<string, number>();
  readonly #thread: ApplierThread;
  readonly #user: ApplierWorkerUser;
  readonly #asked = new Map<number, PromiseWithResolvers<ApplierAnswer>>();
  #nextId = 1;
  /** Targets that have not arrived yet. */
  #targetsUnheard = 0;
  /** The newest one, when it has not been sent yet. */
  #target: Position | null = null;
  #progress: ApplierProgress | null = null;
  #broken: GemelError | null = null;

  constructor(start: StartApplierThread, data: ApplierThreadData, user: ApplierWorkerUser) {
    this.#user = user;
    this.#thread = start(data, {
      heard: (news) => this.#heard(news),
      failed: (error) =>
        this.#end(
          new GemelError(
            'INTERNAL',
            `Dejournaling ended by an internal error: ${error.message}.`,
            'The journal has everything that was not applied.',
            'Restart the instance and report the error.',
          ),
        ),
    });
  }

  /** As of the last commit; null before the first. */
  get progress(): ApplierProgress | null {
    return this.#progress;
  }

  /** Updates that a database has taken since the last `noteUpdates`. */
  updatesOf(name: string): number {
    return this.#updates(name) - (this.databases.get(name) ?? 0);
  }

  noteUpdates(): void {
    for (const name of this.databases.keys()) this.databases.set(name, this.#updates(name));
  }

  #updates(name: string): number {
    return this.#progress?.databases.find((database) => database.name === name)?.updates ?? 0;
  }

  /**
   * Everything before it may be applied. While an earlier target has not arrived, only the newest one waits: however long the
   * thread is busy, and however much comes meanwhile, nothing piles up.
   */
  applyTo(position: Position): void {
    this.#target = position;
    if (this.#targetsUnheard === 0) this.#sendTarget();
  }

  #sendTarget(): void {
    if (this.#target === null) return;
    this.#targetsUnheard++;
    this.post({ name: 'target', position: this.#target });
    this.#target = null;
  }

  post(command: ApplierCommand): void {
    this.#thread.post(command);
  }

  ask(command: (id: number) => ApplierCommand): Promise<ApplierAnswer> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    const id = this.#nextId++;
    const answer = Promise.withResolvers<ApplierAnswer>();
    this.#asked.set(id, answer);
    this.#sendTarget();
    this.post(command(id));
    return answer.promise;
  }

  /** Commits what was read, closes all files and ends the thread. */
  async close(): Promise<void> {
    if (this.#broken === null) await this.ask((id) => ({ name: 'close', id }));
    else this.#thread.terminate();
    await this.#thread.ended;
  }

  #heard(news: ApplierNews): void {
    switch (news.name) {
      case 'applied':
        this.#progress = news.progress;
        return this.#user.applied();
      case 'heard':
        this.#targetsUnheard--;
        if (this.#targetsUnheard === 0) this.#sendTarget();
        return;
      case 'failed':
        return this.#failed(news.database, news.position, asError(news.error));
      case 'done': {
        const asked = this.#asked.get(news.id);
        assert(asked !== undefined, 'the applier thread answers only what it was asked');
        this.#asked.delete(news.id);
        if (news.error === null) asked.resolve(news);
        else asked.reject(asError(news.error));
      }
    }
  }

  #failed(database: string | null, position: Position, error: GemelError): void {
    if (database === null) this.#broken = error;
    this.#user.failed(database, position, error);
  }

  /** The thread is gone. */
  #end(error: GemelError): void {
    this.#failed(null, this.#progress?.position ?? { file: 0, offset: 0 }, error);
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#asked.clear();
  }
}
