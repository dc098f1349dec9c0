import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currentProcess, SimHost, SimRandom, Timeline } from './index.ts';

describe('the timeline', () => {
  it('runs events in order of time, and of their making at one time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.integer({ min: 0, max: 20 }), cancelled: fc.boolean() }), { maxLength: 60 }),
        async (events) => {
          const timeline = new Timeline();
          const seen: number[] = [];
          const scheduled = events.map(({ at }, i) => timeline.at(at, () => seen.push(i)));
          events.forEach(({ cancelled }, i) => cancelled && scheduled[i]?.cancel());
          await timeline.run(() => false);
          const expected = events.map((event, i) => ({ ...event, i })).filter((event) => !event.cancelled);
          expect(seen).toEqual(expected.sort((a, b) => a.at - b.at).map(({ i }) => i));
        },
      ),
    );
  });

  it('runs everything that promises set off before the next event', async () => {
    const timeline = new Timeline();
    const seen: string[] = [];
    const hops = async (name: string, count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await Promise.resolve();
      seen.push(name);
    };
    for (const name of ['a', 'b', 'c']) timeline.at(5, () => void hops(`after ${name}`, 50).then(() => seen.push(`${name} done`)));
    await timeline.run(() => false);
    expect(seen).toEqual(['after a', 'a done', 'after b', 'b done', 'after c', 'c done']);
  });

  it('stops where it is told to, and fails with what an event throws', async () => {
    const timeline = new Timeline();
    for (const at of [1, 2, 3]) timeline.at(at, () => undefined);
    expect(await timeline.run(() => timeline.now >= 2)).toBe(true);
    expect(timeline.now).toBe(2);
    await timeline.runUntil(10);
    expect(timeline.now).toBe(10);
    timeline.in(1, () => {
      throw new Error('broken');
    });
    await expect(timeline.run(() => false)).rejects.toThrow('broken');
  });

  it('has the same trace for the same seed, and another one for another', async () => {
    const traceOf = async (seed: number): Promise<string> => {
      const timeline = new Timeline();
      const random = new SimRandom(seed);
      const again = (): void => {
        timeline.note(`${random.below(100)}`);
        timeline.in(random.between(0, 10), again);
      };
      again();
      await timeline.run(() => timeline.events >= 100);
      return timeline.traceHash;
    };
    expect(await traceOf(1)).toBe(await traceOf(1));
    expect(await traceOf(1)).not.toBe(await traceOf(2));
  });
});

describe('randomness', () => {
  it('has forks that do not depend on what was drawn', () => {
    const [one, other] = [new SimRandom(7), new SimRandom(7)];
    one.next();
    expect(one.fork('disk').guid()).toBe(other.fork('disk').guid());
    expect(one.fork('disk').guid()).not.toBe(other.fork('net').guid());
  });

  it('is spread evenly', () => {
    const random = new SimRandom('spread');
    const counts = Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i++) {
      const at = random.below(16);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200);
  });
});

describe('a process', () => {
  function aProcess() {
    const timeline = new Timeline();
    const host = new SimHost('h', timeline, new SimRandom(3));
    return { timeline, host, process: host.spawn('p') };
  }

  it('does nothing after its end', async () => {
    const { timeline, process } = aProcess();
    let calls = 0;
    process.clock.timer(5, () => calls++);
    process.turns.atEndOfTurn(() => calls++);
    timeline.at(1, () => process.kill());
    await timeline.run(() => false);
    expect(calls).toBe(1);
    process.run(() => calls++);
    expect(calls).toBe(1);
  });

  it('holds everything while it is paused, in order, and then does one thing a turn', async () => {
    const { timeline, process } = aProcess();
    const seen: string[] = [];
    const step = (name: string) => (): void => {
      seen.push(name);
      void Promise.resolve().then(() => seen.push(`after ${name}`));
    };
    process.pause();
    process.at(10, step('late'));
    process.at(5, step('early'));
    await timeline.runUntil(20);
    expect(seen).toEqual([]);
    process.resume();
    process.run(step('last'));
    await timeline.run(() => false);
    expect(seen).toEqual(['early', 'after early', 'late', 'after late', 'last', 'after last']);
  });

  it('lives its time ahead while it is busy', async () => {
    const { timeline, process } = aProcess();
    const at: number[] = [];
    process.at(1, () => {
      const before = process.clock.monotonicMs();
      process.spend(100);
      expect(process.clock.monotonicMs() - before).toBeCloseTo(100);
      process.turns.atEndOfTurn(() => at.push(timeline.now));
    });
    process.at(2, () => at.push(timeline.now));
    await timeline.run(() => false);
    expect(at).toHaveLength(2);
    for (const time of at) expect(time).toBeCloseTo(101);
  });

  it('ends by what it does not handle, in a call or a promise', async () => {
    const { timeline, host, process: one } = aProcess();
    const other = host.spawn('q');
    const seen: string[] = [];
    for (const each of [one, other])
      each.onUncaught = (error) => {
        seen.push(`${each.name} ${error instanceof Error ? error.message : String(error)}`);
        each.kill();
      };
    const rejected = (error: unknown): void => currentProcess()?.fail(error);
    const before = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', rejected);
    try {
      one.at(1, () => {
        throw new Error('thrown');
      });
      other.at(2, () => {
        timeline.faulted();
        void Promise.resolve().then(() => {
          throw new Error('rejected');
        });
      });
      other.at(3, () => seen.push('too late'));
      await timeline.run(() => false);
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const listener of before) process.on('unhandledRejection', listener);
    }
    expect(seen).toEqual(['p thrown', 'q rejected']);
  });

  it('is killed in the middle of what it does', () => {
    const { process } = aProcess();
    process.killAtOperation(3);
    expect([process.operation(), process.operation(), process.operation(), process.operation()]).toEqual([true, true, false, false]);
    expect(process.alive).toBe(false);
  });
});

describe('the clocks of a host', () => {
  it('drift and jump, the monotonic one never back', async () => {
    const timeline = new Timeline();
    const host = new SimHost('h', timeline, new SimRandom(4));
    const { clock } = host.spawn('p');
    const [monotonic, wall] = [clock.monotonicMs(), clock.wallMs()];
    host.time.step(-5000);
    expect(clock.monotonicMs()).toBe(monotonic);
    expect(clock.wallMs()).toBe(wall - 5000);
    host.time.drift(timeline.now, 1.01);
    await timeline.runUntil(1000);
    expect(clock.monotonicMs()).toBeCloseTo(monotonic + 1010);
    host.time.drift(timeline.now, 0.5);
    let firedAt = 0;
    clock.timer(100, () => {
      firedAt = timeline.now;
    });
    await timeline.run(() => firedAt > 0);
    expect(firedAt).toBeGreaterThanOrEqual(1200);
    expect(firedAt).toBeLessThan(1202);
  });
});
