import type { Fault } from '../faults/kinds.ts';
import { pathsOf } from '../world/layout.ts';
import { alone, between, ends, ensure, happen, LONG, now, other, primary, Q, world, type Scenario } from './staging.ts';

/** Known failures of other systems, R1 to R15 of the list of faults, as far as two failover members can have them. */
export const knownFailures: readonly Scenario[] = [
  {
    name: 'R1: a member that starts while its partner is down gets the journal it lacks before it is primary',
    play: async () => {
      const w = await world();
      const was = now(w);
      // The backup misses the last updates, then the primary ends, then the backup starts.
      await happen(w, [{ kind: 'kill', at: 0, host: other(was), ms: LONG }], 3 * Q);
      const before = w.history.acknowledged;
      await w.run(2 * Q);
      ensure(w.history.acknowledged > before, 'the primary works alone');
      w.sites[was].instance?.process.kill();
      w.sites[other(was)].start();
      ensure(await w.until(() => primary(w) !== null, 20 * Q), 'somebody becomes primary');
      await ends(w);
    },
  },
  {
    name: 'R2: a backup that is killed while it catches up loses nothing',
    play: async () => {
      const w = await world(2);
      const backup = other(now(w));
      for (const operations of [3, 9, 27]) {
        w.sites[backup].instance?.process.kill();
        await w.run(Q);
        w.sites[backup].start();
        w.sites[backup].instance?.process.killAtOperation(operations);
        await w.run(Q);
      }
      await ends(w);
    },
  },
  {
    name: 'R4: a connection lost at the switch of a journal file skips nothing',
    play: async () => {
      const w = await world(3);
      const writer = w.sites[now(w)].instance?.mirror?.journal.writer ?? null;
      const file = writer?.end.file ?? 0;
      const reset = [...between('A', 'B')];
      const switched = (): boolean => {
        w.plan([{ kind: 'reset', at: 0, ways: reset }]);
        return (writer?.end.file ?? 0) > file;
      };
      ensure(await w.until(switched, 60 * Q), 'a journal file is switched');
      await ends(w);
    },
  },
  {
    name: 'R5: a primary that was paused beyond Q shows nothing old when it goes on',
    play: async () => {
      const w = await world(4);
      const was = now(w);
      await happen(w, [{ kind: 'pause', at: 0, host: was, ms: 4 * Q }], 3.9 * Q);
      ensure(primary(w) !== null, 'there is a primary');
      await w.run(3 * Q);
      await ends(w);
    },
  },
  {
    name: 'both hosts are paused, the primary goes on first: it waits for a silent backup, not for its own disk, and stays primary',
    play: async () => {
      const w = await world(40);
      const was = now(w);
      const { instance } = w.sites[was];
      const pause = (at: number, host: typeof was, ms: number): Fault => ({ kind: 'pause-host', at, host, ms });
      // Longer than half of Q: it finds that it stood still. What its backup sent before it was paused too is heard then.
      await happen(w, [pause(0, was, 0.6 * Q), pause(0.5 * Q, other(was), 8 * Q)], 4 * Q);
      ensure(w.sites[was].instance === instance, 'the instance has not ended');
      ensure(primary(w) === was, 'it is still primary');
      await ends(w);
    },
  },
  {
    name: 'R6: the power of both hosts goes after an acknowledgement',
    play: async () => {
      const w = await world(5);
      for (let i = 0; i < 3; i += 1) await happen(w, [{ kind: 'power-cut-both', at: 30 * i, ms: Q / 2 }], 8 * Q);
      await ends(w);
    },
  },
  {
    name: 'R7: a primary cut off from everybody but its clients acknowledges nothing',
    play: async () => {
      const w = await world(6);
      const was = now(w);
      await happen(w, [{ kind: 'cut', at: 0, ways: alone(was), ms: 8 * Q }], 2 * Q);
      const { durable } = w.sites[was].instance?.mirror?.journal.writer ?? {};
      await w.run(5 * Q);
      const after = w.sites[was].instance?.mirror?.journal.writer?.durable ?? durable;
      ensure(after?.file === durable?.file && after?.offset === durable?.offset, 'nothing more became durable');
      await ends(w);
    },
  },
  {
    name: 'R8: nobody fails over to a member that has just come back and lacks updates',
    play: async () => {
      const w = await world(7, false);
      const was = now(w);
      w.sites[other(was)].instance?.process.kill();
      await w.run(4 * Q);
      w.sites[other(was)].start();
      await w.run(15);
      w.sites[was].powerCut();
      await w.run(6 * Q);
      ensure(primary(w) === null, 'nobody is primary');
      w.sites[was].allUp();
      await ends(w);
    },
  },
  {
    name: 'R9: a client that gives up in trouble has not changed anything by that; R14: none of its errors is told as success',
    play: async () => {
      const w = await world(8, false);
      await happen(w, [{ kind: 'cut', at: 0, ways: between('A', 'B'), ms: 5 * Q }], 6 * Q);
      ensure(w.history.check() === null, 'clients saw one history');
      await ends(w);
    },
  },
  {
    name: 'R10: a former primary that restarts and reaches nobody does not become primary again',
    play: async () => {
      const w = await world(9);
      const was = now(w);
      w.sites[was].powerCut();
      ensure(await w.until(() => primary(w) === other(was), 6 * Q), 'the other one takes over');
      w.plan([{ kind: 'cut', at: 0, ways: alone(was), ms: 12 * Q }]);
      await w.run(10);
      w.sites[was].allUp();
      await w.run(10 * Q);
      ensure(w.sites[was].instance?.isOpen === false, 'the former primary is not open');
      ensure(primary(w) === other(was), 'the other one is primary');
      await ends(w);
    },
  },
  {
    name: 'R11: what a former primary has beyond the others goes to a side file',
    play: async () => {
      const w = await world(10);
      const was = now(w);
      // Blocks written here and acknowledged by nobody, then the host goes.
      await happen(w, [{ kind: 'cut', at: 0, ways: alone(was), ms: 4 * Q }], Q);
      w.sites[was].instance?.process.kill();
      await w.run(8 * Q);
      const names = w.sites[was].host.drive.list(pathsOf(was).journal);
      ensure(
        names.some((name) => name.includes('.diverged-')),
        'it is in a side file',
      );
      await ends(w);
    },
  },
  {
    name: 'R12: partition, failover and failback with both sides asked to write',
    play: async () => {
      const w = await world(11);
      for (let i = 0; i < 2; i += 1) {
        const was = now(w);
        await happen(w, [{ kind: 'cut', at: 0, ways: alone(was), ms: 3 * Q }], 4 * Q);
        ensure(await w.until(() => w.isWell, 30 * Q), 'the mirror works again');
      }
      await ends(w);
    },
  },
  {
    name: 'R13: a primary whose disk is broken hands over and is not open',
    play: async () => {
      const w = await world(12);
      const was = now(w);
      await happen(w, [{ kind: 'disk-error', at: 0, host: was, ms: 3 * Q }], 8 * Q);
      ensure(primary(w) === other(was), 'the other one is primary');
      await ends(w);
    },
  },
];
