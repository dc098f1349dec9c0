import { kinds, recordPath } from '../../mirror/index.ts';
import { mirrorName, pathsOf } from '../world/layout.ts';
import type { World } from '../world/world.ts';
import { alone, between, ends, ensure, happen, LONG, now, other, primary, Q, world, type Scenario } from './staging.ts';
import type { MemberHostName } from '../faults/kinds.ts';

/** Whether a request of an operator to a member was granted by now. */
function ask(w: World, name: MemberHostName, what: 'set-no-failover' | 'clear-no-failover'): { isDone: boolean } {
  const asked = { isDone: false };
  w.sites[name].instance?.mirror?.requests.ask(what).then(
    () => {
      asked.isDone = true;
    },
    () => undefined,
  );
  return asked;
}

/** Where the kind of a frame stands in it. */
const KIND_AT = 4;

/** Whether something more than now has become durable on a member. */
function writesMore(w: World, name: MemberHostName): () => boolean {
  const durable = (): string => JSON.stringify(w.sites[name].instance?.mirror?.journal.writer?.durable ?? null);
  const before = durable();
  return () => durable() !== 'null' && durable() !== before;
}

function roleOf(w: World, name: MemberHostName): string | null {
  return w.sites[name].instance?.mirror?.state.role.is ?? null;
}

/** Directed at single rules that random faults hardly reach, or whose breach only an operator's intention shows. */
export const rules: readonly Scenario[] = [
  ...[true, false].map((arbiter) => ({
    name: `no failover, ${arbiter ? 'with' : 'no'} arbiter: nobody takes over from a primary that was killed or lost its host`,
    play: async () => {
      const w = await world(30, arbiter);
      const was = now(w);
      const set = ask(w, was, 'set-no-failover');
      ensure(await w.until(() => set.isDone, 2 * Q), 'no failover is set');
      w.sites[was].instance?.process.kill();
      const isTaken = (): boolean => primary(w) === other(was);
      ensure(await w.until(() => w.isWell || isTaken(), 40 * Q), 'the primary comes back');
      ensure(!isTaken(), 'nobody takes over');
      const again = ask(w, was, 'set-no-failover');
      ensure(await w.until(() => again.isDone, 2 * Q), 'no failover is set again');
      w.sites[was].powerCut();
      await w.run(8 * Q);
      ensure(primary(w) === null, 'nobody takes over from a host that is gone');
      await ends(w);
    },
  })),
  {
    name: 'no failover is confirmed only when both members have it',
    play: async () => {
      const w = await world(31);
      const was = now(w);
      w.plan([{ kind: 'cut', at: 0, ways: [...between(was, other(was))], ms: 3 * Q }]);
      await w.run(1);
      const set = ask(w, was, 'set-no-failover');
      for (let ms = 0; ms < 4 * Q; ms += Q / 8) {
        await w.run(Q / 8);
        const { durable } = w.sites[other(was)].instance?.mirror ?? {};
        ensure(!set.isDone || (durable !== undefined && durable.noFailover !== null), 'what was confirmed is durable on both');
      }
      await ends(w);
    },
  },
  {
    name: 'stop without failover: nobody takes over',
    play: async () => {
      for (const arbiter of [true, false]) {
        const w = await world(32, arbiter);
        const was = now(w);
        const { host } = w.sites[was];
        const { process } = w.sites[was].instance ?? {};
        w.sites[was].instance?.stop(true);
        ensure(await w.until(() => process?.alive === false || primary(w) === other(was), 4 * Q), 'it stops');
        ensure(host.isOn && primary(w) !== other(was), 'nobody takes over');
        await ends(w);
      }
    },
  },
  {
    name: 'an instance that operates is not forced down',
    play: async () => {
      const w = await world(33, false);
      const was = now(w);
      const { process } = w.sites[was].instance ?? {};
      const data = between('A', 'B').filter((way) => way.endsWith('data'));
      await happen(w, [{ kind: 'cut', at: 0, ways: data, ms: 4 * Q }], 5 * Q);
      ensure(process?.alive === true && primary(w) === was, 'the primary works on');
      await ends(w);
    },
  },
  {
    name: 'without the journal of a primary that went on alone nobody takes over',
    play: async () => {
      const w = await world(34, false);
      const was = now(w);
      const data = between('A', 'B').filter((way) => way.endsWith('data'));
      w.plan([{ kind: 'cut', at: 0, ways: data, ms: 6 * Q }]);
      ensure(await w.until(() => roleOf(w, other(was)) === 'lost', 2 * Q), 'the backup has lost the primary');
      // It leaves word with the agent that it gives up: the primary goes on before the trouble timeout has passed.
      ensure(await w.until(writesMore(w, was), Q / 2), 'the primary works alone');
      const { journal } = pathsOf(was);
      w.sites[was].host.drive.faults.add({ on: 'read', matches: (path) => path.startsWith(journal), effect: 'EIO' });
      w.sites[was].instance?.process.kill();
      for (let ms = 0; ms < 4 * Q; ms += Q / 8) {
        await w.run(Q / 8);
        ensure(primary(w) !== other(was), 'nobody takes over');
      }
      await ends(w);
    },
  },
  {
    name: 'a primary that cannot record the end of a period does not work alone',
    play: async () => {
      const w = await world(35, false);
      const was = now(w);
      const { mgr, journal } = pathsOf(was);
      const { faults } = w.sites[was].host.drive;
      const unwritable = {
        on: 'write',
        matches: (path: string) => path.startsWith(recordPath(mgr, mirrorName)),
        effect: 'EIO',
      } as const;
      faults.add(unwritable);
      const data = between('A', 'B').filter((way) => way.endsWith('data'));
      w.plan([{ kind: 'cut', at: 0, ways: data, ms: 6 * Q }]);
      ensure(await w.until(() => roleOf(w, other(was)) === 'lost', 2 * Q), 'the backup has lost the primary');
      await w.until(writesMore(w, was), Q / 2);
      // Whoever believes the old record now takes over without what was written since.
      faults.delete(unwritable);
      faults.add({ on: 'read', matches: (path) => path.startsWith(journal), effect: 'EIO' });
      w.sites[was].instance?.process.kill();
      await w.run(4 * Q);
      await ends(w);
    },
  },
  {
    name: 'no failover set while the backup is away: it does not take over when it comes',
    play: async () => {
      const w = await world(36, false);
      const was = now(w);
      w.plan([{ kind: 'power-cut', at: 0, host: other(was), ms: LONG }]);
      await w.run(4 * Q);
      const set = ask(w, was, 'set-no-failover');
      ensure(await w.until(() => set.isDone, Q), 'no failover is set');
      w.sites[was].instance?.process.kill();
      w.sites[other(was)].allUp();
      const isTaken = (): boolean => primary(w) === other(was);
      ensure(await w.until(() => w.isWell || isTaken(), 40 * Q), 'the primary comes back');
      ensure(!isTaken(), 'nobody takes over');
      await ends(w);
    },
  },
  {
    name: 'a primary that is cut off answers no reads once another one is open',
    play: async () => {
      const w = await world(37);
      const was = now(w);
      const reader = w.sites[was].instance?.service?.connect(() => undefined) ?? null;
      ensure(reader !== null, 'a client is connected');
      w.plan([{ kind: 'cut', at: 0, ways: alone(was), ms: 6 * Q }]);
      ensure(await w.until(() => w.sites[other(was)].instance?.isOpen === true, 4 * Q), 'the backup has taken over');
      let isAnswered = false;
      reader?.perform(
        (session, gate) => {
          gate.showed();
          return session.get(session.resolve('^r1'));
        },
        ({ ok }) => {
          isAnswered = ok;
        },
      );
      await w.run(2 * Q);
      ensure(!isAnswered, 'the read is not answered');
      await ends(w);
    },
  },
  {
    name: 'a backup that acknowledges nothing is lost though its heartbeats come',
    play: async () => {
      const w = await world(38, false);
      const was = now(w);
      const channel = w.sites[other(was)].instance?.mirror?.peers.link?.channel;
      ensure(channel !== undefined, 'the backup is connected');
      if (channel === undefined) return;
      const send = channel.send.bind(channel);
      channel.send = (frame) => frame[KIND_AT] === kinds.ack || send(frame);
      await w.run(Q / 4);
      ensure(await w.until(writesMore(w, was), 5 * Q), 'the primary works on');
      await ends(w);
    },
  },
  {
    name: 'the power of both hosts goes when nothing is synced on the backup, and late on the primary: what was acknowledged is there',
    play: async () => {
      for (let seed = 40; seed < 52; seed += 1) {
        const w = await world(seed, false);
        const was = now(w);
        const { receiver } = w.sites[other(was)].instance?.mirror?.journal ?? {};
        w.sites[was].host.drive.slowMs = 0.4 * Q;
        w.sites[other(was)].host.drive.slowMs = 0.03 * Q;
        await w.run(Q);
        const isMore = writesMore(w, was);
        const isUnsynced = (): boolean => receiver?.synced.offset !== receiver?.end.position.offset;
        for (let steps = 0; !(isMore() && isUnsynced()) && steps < 4 * Q; steps += 1) await w.run(1);
        for (const each of w.all) each.powerCut();
        await w.run(Q / 2);
        for (const each of w.all) each.allUp();
        await ends(w);
      }
    },
  },
  {
    name: 'a primary that the arbiter tells of the takeover stays in trouble',
    play: async () => {
      const w = await world(39);
      const was = now(w);
      w.plan([
        { kind: 'cut', at: 0, ways: between('A', 'B'), ms: 10 * Q },
        { kind: 'cut', at: 0, ways: between(was, 'R'), ms: 3 * Q },
      ]);
      ensure(await w.until(() => w.sites[other(was)].instance?.isOpen === true, 3 * Q), 'the backup has taken over');
      const isMore = writesMore(w, was);
      await w.run(6 * Q);
      ensure(!isMore(), 'nothing becomes durable on the former primary');
      await ends(w);
    },
  },
];
