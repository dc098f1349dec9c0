import { GemelError } from '../api/errors.ts';
import { becomePrimary } from './becoming.ts';
import type { Effect, HookName } from './failover/index.ts';
import type { Mirror } from './mirror.ts';

/**
 * Becoming primary and ceasing to be it, which take time: one after the other, each beside the decisions and with its
 * outcome as an input of its own.
 */
export class Roles {
  readonly #mirror: Mirror;
  /** What is under way, and what waits for it. */
  #last: Promise<void> = Promise.resolve();
  /** Counts attempts to become primary: what belongs to an earlier one is not wanted any more. */
  #attempt = 0;
  #hookQuestion = 0;
  #stopped: (() => void) | null = null;
  #drainWatch: { cancel(): void } | null = null;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
  }

  #then(act: () => Promise<void>): void {
    // Not caught: what is no GemelError is a fault of ours, and the process ends with it.
    this.#last = this.#last.then(act);
  }

  become({ right, epoch }: Extract<Effect, { do: 'become-primary' }>): void {
    this.#attempt += 1;
    const attempt = this.#attempt;
    const { host } = this.#mirror.options;
    const wanted = (): boolean => this.#attempt === attempt;
    if (right.by === 'resume') {
      host.detachWriter('This member goes on as primary in a new epoch.');
      this.#mirror.followers.hangUp('a new epoch begins');
    }
    this.#then(async () => {
      try {
        await becomePrimary(this.#mirror, right, epoch, wanted);
        if (wanted()) this.#mirror.input({ on: 'became', epoch });
      } catch (error) {
        if (!(error instanceof GemelError)) throw error;
        host.detachWriter(error.message);
        await this.#mirror.journal.close();
        if (wanted()) this.#mirror.input({ on: 'become-failed', why: error.message });
      }
    });
  }

  /** An attempt whose epoch is durable already ends here. */
  undoBecome(why: string): void {
    this.#end(why);
    this.#then(() => this.#mirror.journal.close());
  }

  /** Nothing of an attempt under way may go on; clients are let go. */
  #end(why: string): void {
    this.#attempt += 1;
    this.#mirror.followers.hangUp(why);
    this.#mirror.options.host.detachWriter(why);
  }

  askHook(hook: HookName): void {
    this.#hookQuestion += 1;
    const question = this.#hookQuestion;
    void this.#mirror.options.hooks.ask(hook === 'check' ? 'check' : 'canStart').then(({ ok, why }) => {
      // An older one ends with a no as soon as a newer one is asked.
      if (this.#hookQuestion === question) this.#mirror.input({ on: 'hook-answer', hook, ok, why });
    });
  }

  /** This member no longer becomes primary: nobody waits for a hook. */
  dropHooks(): void {
    this.#hookQuestion += 1;
    this.#mirror.options.hooks.cancel();
  }

  async drain(): Promise<void> {
    this.#watchDrain();
    await this.#mirror.options.host.drain();
    this.#drainWatch?.cancel();
    const { writer } = this.#mirror.journal;
    if (writer !== null) this.#mirror.input({ on: 'drained', end: writer.end });
  }

  /** A disk that keeps a hand-over waiting counts as failed, as long as the backup can go on from what is durable. */
  #watchDrain(): void {
    const { clock } = this.#mirror.options.io;
    const waitMs = this.#mirror.membership.qosMs / 2;
    this.#drainWatch?.cancel();
    this.#drainWatch = clock.timer(waitMs, () => {
      const { role } = this.#mirror.state;
      const { writer } = this.#mirror.journal;
      if (role.is !== 'primary' || role.yielding === null || writer === null) return;
      const canGoOn = role.backup?.active === true && role.backup.canTakeOver;
      // A backup that is silent is lost soon, which ends the hand-over: that is no fault of the disk.
      if (!canGoOn || writer.awaitsBackup) return this.#watchDrain();
      const why = `what was under way has not become durable for ${Math.round(waitMs)} ms`;
      this.#mirror.input({ on: 'journal-failed', why, end: writer.durable });
    });
  }

  stepDown(why: string): void {
    this.#mirror.peers.hangUp(why);
    this.#end(why);
    this.#then(async () => {
      await this.#mirror.journal.close();
      this.#mirror.options.host.end(why);
    });
  }

  /** This member is none of the two any more. It hears nobody, so it hands nothing over. Resolves when nothing of it is under way. */
  async leave(): Promise<void> {
    this.#end('This member is no failover member any more.');
    await this.#last;
  }

  handedOver(accepted: boolean): void {
    this.#end(accepted ? 'The other failover member is taking over.' : 'This member stops.');
    this.#then(async () => {
      if (this.#stopped !== null) return this.#stopped();
      this.#mirror.peers.hangUp('handed over');
      await this.#mirror.journal.close();
      this.#mirror.input({ on: 'start', byPerson: true });
    });
  }

  /** From now on a hand-over that ended means that the instance stops. Resolves then. */
  stopping(): Promise<void> {
    return new Promise((resolve) => {
      this.#stopped = resolve;
    });
  }
}
