import { healAll } from '../world/inject.ts';
import { ends, ensure, now, other, primary, Q, world, type Scenario } from './staging.ts';

/** Outages of a primary, with their documented outcome. */
export const outages: readonly Scenario[] = [
  ...[true, false].map((arbiter) => ({
    name: `primary killed, ${arbiter ? 'with' : 'no'} arbiter: the backup takes over`,
    play: async () => {
      const w = await world(20, arbiter);
      const was = now(w);
      w.sites[was].instance?.process.kill();
      ensure(await w.until(() => primary(w) === other(was), 2 * Q), 'the other one takes over');
      await ends(w);
    },
  })),
  ...[true, false].map((arbiter) => ({
    name: `host of the primary lost, ${arbiter ? 'with' : 'no'} arbiter: the backup takes over only with one`,
    play: async () => {
      const w = await world(21, arbiter);
      const was = now(w);
      w.sites[was].powerCut();
      await w.run(8 * Q);
      ensure(primary(w) === (arbiter ? other(was) : null), arbiter ? 'the other one is primary' : 'nobody is primary');
      w.sites[was].host.powerOn();
      healAll(w);
      await ends(w);
    },
  })),
];
