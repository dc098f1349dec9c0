import type { FromArbiter, ToArbiter } from '../types.ts';
import { Q } from './events.ts';
import type { MemberProcess } from './member-process.ts';
import type { End } from './network.ts';

/** A member's connection to the arbiter, made anew whenever it is lost. */
export class ArbiterSide {
  readonly #process: MemberProcess;
  #end: End | null = null;

  constructor(process: MemberProcess) {
    this.#process = process;
  }

  get end(): End | null {
    return this.#end;
  }

  tell(message: ToArbiter): void {
    this.#end?.send({ t: 'arb', message });
  }

  dial(): void {
    const process = this.#process;
    const { world } = process.member;
    const end = world.network.connect(
      process,
      () => world.arbiter,
      'R',
      'arb',
      (far) => world.arbiter?.accept(far),
    );
    this.#end = end;
    let connected = false;
    let heardAt = process.now;
    let gone = false;
    const lost = (): void => {
      if (gone) return;
      gone = true;
      end.close();
      this.#end = null;
      if (connected) process.input({ on: 'arbiter-lost' });
      process.in(Q / 4, () => this.dial());
    };
    end.onClose = lost;
    end.onMessage = (raw) => {
      if (gone) return;
      heardAt = process.now;
      const message = raw as { t: 'welcome' } | { t: 'arb'; message: FromArbiter } | { t: 'beat' };
      if (message.t === 'arb') return process.input({ on: 'arbiter', message: message.message });
      if (connected) return;
      connected = true;
      process.input({ on: 'arbiter-up' });
    };
    end.send({ t: 'hello', member: process.host, boot: process.boot });
    const watch = (): void => {
      if (gone) return;
      if (process.now - heardAt > Q * 0.75) return lost();
      end.send({ t: 'beat' });
      process.in(Q / 4, watch);
    };
    process.in(Q / 4, watch);
  }
}
