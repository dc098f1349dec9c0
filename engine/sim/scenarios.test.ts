import { describe, expect, it } from 'vitest';
import type { Fault, MemberHostName, Way } from './faults/kinds.ts';
import { SimRandom } from './io/index.ts';
import { healAll } from './world/inject.ts';
import { World } from './world/world.ts';

/**
 * Known failures of other systems, R1 to R15 of the list of faults, as far as two failover members can have them. Every world
 * checks all invariants after each step, so a scenario mostly says what happens; `endWell` is the end that each must come to.
 */

const Q = 1000;
const other = (name: MemberHostName): MemberHostName => (name === 'A' ? 'B' : 'A');

async function world(seed = 1, arbiter = true): Promise<World> {
  const made = new World(new SimRandom(seed), { qosMs: Q, faultsMs: 0, arbiter, clients: 2, thinkMs: 60 }, { directory: null });
  await made.begin();
  await made.run(Q);
  return made;
}

/** Who is primary, and open. */
function primary(w: World): MemberHostName | null {
  return w.all.find((site) => site.instance?.isOpen === true)?.name ?? null;
}

function now(w: World): MemberHostName {
  const name = primary(w);
  if (name === null) throw new Error(`there is no primary: ${w.state}`);
  return name;
}

/** Faults from this moment on (`at` counts from it), and some time. */
async function happen(w: World, faults: readonly Fault[], ms: number): Promise<void> {
  w.plan(faults);
  await w.run(ms);
}

/** Back to work in the end, with everything that was acknowledged. */
async function ends(w: World): Promise<void> {
  await w.endWell();
  w.end();
}

const LONG = 1_000_000;
const between = (one: string, two: string): Way[] =>
  (
    [
      'A>B data',
      'B>A data',
      'A>B agent-of-B',
      'B>A agent-of-B',
      'B>A agent-of-A',
      'A>B agent-of-A',
      'A>R arbiter',
      'R>A arbiter',
      'B>R arbiter',
      'R>B arbiter',
    ] as const
  ).filter((way) => [way[0], way[2]].includes(one) && [way[0], way[2]].includes(two));
const alone = (name: MemberHostName): Way[] => [...between(name, other(name)), ...between(name, 'R')];

describe('known failures of others', () => {
  it('R1: a member that starts while its partner is down gets the journal it lacks before it is primary', async () => {
    const w = await world();
    const was = now(w);
    // The backup misses the last updates, then the primary ends, then the backup starts.
    await happen(w, [{ kind: 'kill', at: 0, host: other(was), ms: LONG }], 3 * Q);
    const before = w.history.acknowledged;
    await w.run(2 * Q);
    expect(w.history.acknowledged).toBeGreaterThan(before);
    w.sites[was].instance?.process.kill();
    w.sites[other(was)].start();
    expect(await w.until(() => primary(w) !== null, 20 * Q)).toBe(true);
    await ends(w);
  });

  it('R2: a backup that is killed while it catches up loses nothing', async () => {
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
  });

  it('R4: a connection lost at the switch of a journal file skips nothing', async () => {
    const w = await world(3);
    const writer = w.sites[now(w)].instance?.mirror?.journal.writer ?? null;
    const file = writer?.end.file ?? 0;
    const reset = [...between('A', 'B')];
    expect(
      await w.until(() => {
        w.plan([{ kind: 'reset', at: 0, ways: reset }]);
        return (writer?.end.file ?? 0) > file;
      }, 60 * Q),
    ).toBe(true);
    await ends(w);
  });

  it('R5: a primary that was paused beyond Q shows nothing old when it goes on', async () => {
    const w = await world(4);
    const was = now(w);
    await happen(w, [{ kind: 'pause', at: 0, host: was, ms: 4 * Q }], 3.9 * Q);
    expect(primary(w)).not.toBeNull();
    await w.run(3 * Q);
    await ends(w);
  });

  it('R6: the power of both hosts goes after an acknowledgement', async () => {
    const w = await world(5);
    for (let i = 0; i < 3; i += 1) await happen(w, [{ kind: 'power-cut-both', at: 30 * i, ms: Q / 2 }], 8 * Q);
    await ends(w);
  });

  it('R7: a primary cut off from everybody but its clients acknowledges nothing', async () => {
    const w = await world(6);
    const was = now(w);
    await happen(w, [{ kind: 'cut', at: 0, ways: alone(was), ms: 8 * Q }], 2 * Q);
    const { durable } = w.sites[was].instance?.mirror?.journal.writer ?? {};
    await w.run(5 * Q);
    const after = w.sites[was].instance?.mirror?.journal.writer?.durable ?? durable;
    expect(after).toEqual(durable);
    await ends(w);
  });

  it('R8: nobody fails over to a member that has just come back and lacks updates', async () => {
    const w = await world(7, false);
    const was = now(w);
    w.sites[other(was)].instance?.process.kill();
    await w.run(4 * Q);
    w.sites[other(was)].start();
    await w.run(15);
    w.sites[was].powerCut();
    await w.run(6 * Q);
    expect(primary(w)).toBeNull();
    w.sites[was].allUp();
    await ends(w);
  });

  it('R9: a client that gives up in trouble has not changed anything by that; R14: none of its errors is told as success', async () => {
    const w = await world(8, false);
    await happen(w, [{ kind: 'cut', at: 0, ways: between('A', 'B'), ms: 5 * Q }], 6 * Q);
    expect(w.history.check()).toBeNull();
    await ends(w);
  });

  it('R10: a former primary that restarts and reaches nobody does not become primary again', async () => {
    const w = await world(9);
    const was = now(w);
    w.sites[was].powerCut();
    expect(await w.until(() => primary(w) === other(was), 6 * Q)).toBe(true);
    w.plan([{ kind: 'cut', at: 0, ways: alone(was), ms: 12 * Q }]);
    await w.run(10);
    w.sites[was].allUp();
    await w.run(10 * Q);
    expect(w.sites[was].instance?.isOpen).toBe(false);
    expect(primary(w)).toBe(other(was));
    await ends(w);
  });

  it('R11: what a former primary has beyond the others goes to a side file', async () => {
    const w = await world(10);
    const was = now(w);
    // Blocks written here and acknowledged by nobody, then the host goes.
    await happen(w, [{ kind: 'cut', at: 0, ways: alone(was), ms: 4 * Q }], Q);
    w.sites[was].instance?.process.kill();
    await w.run(8 * Q);
    await ends(w);
  });

  it('R12: partition, failover and failback with both sides asked to write', async () => {
    const w = await world(11);
    for (let i = 0; i < 2; i += 1) {
      const was = now(w);
      await happen(w, [{ kind: 'cut', at: 0, ways: alone(was), ms: 3 * Q }], 4 * Q);
      expect(await w.until(() => w.isWell, 30 * Q)).toBe(true);
    }
    await ends(w);
  });

  it('R13: a primary whose disk is broken hands over and is not open', async () => {
    const w = await world(12);
    const was = now(w);
    await happen(w, [{ kind: 'disk-error', at: 0, host: was, ms: 3 * Q }], 8 * Q);
    expect(primary(w)).toBe(other(was));
    await ends(w);
  });
});

describe('the outages of a primary', () => {
  it.each([true, false])('its process is killed (arbiter: %s): the backup takes over', async (arbiter) => {
    const w = await world(20, arbiter);
    const was = now(w);
    w.sites[was].instance?.process.kill();
    expect(await w.until(() => primary(w) === other(was), 2 * Q)).toBe(true);
    await ends(w);
  });

  it('its host loses power: with an arbiter the backup takes over, without one it does not', async () => {
    for (const arbiter of [true, false]) {
      const w = await world(21, arbiter);
      const was = now(w);
      w.sites[was].powerCut();
      await w.run(8 * Q);
      expect(primary(w)).toBe(arbiter ? other(was) : null);
      w.sites[was].host.powerOn();
      healAll(w);
      await ends(w);
    }
  });
});
