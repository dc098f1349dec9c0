import { describe, expect, it } from 'vitest';
import { Stage } from './stage.ts';

/** Planned outages: section 3.4.1 of the reference documents, through the command line. */

describe('3.4.1.1 maintenance of the backup', () => {
  it.concurrent('stopped in order it has no effect on the primary, and comes back as backup', async ({ onTestFinished }) => {
    const stage = await Stage.ofPair(onTestFinished);
    const { a, b } = stage;
    await stage.gemel(b, 'instance stop B');
    await stage.write(a);
    await stage.gemel(b, 'instance start B');
    await stage.asBefore();
  });

  it.concurrent(
    'demoted first, its host may be away while the primary is restarted; promoted it is backup again',
    async ({ onTestFinished }) => {
      const stage = await Stage.ofPair(onTestFinished);
      const { a, b } = stage;
      await stage.gemel(b, 'mirror demote B');
      await b.sees({ A: 'Primary', B: 'Connected' });
      await stage.gemel(b, 'instance stop B');
      await stage.gemel(b, 'agent stop');
      await stage.write(a);
      await stage.gemel(a, 'instance stop A');
      await stage.gemel(a, 'instance start A');
      await a.sees({ A: 'Primary' });
      await stage.write(a);
      await stage.hostReturns(b);
      await stage.gemel(b, 'instance start B');
      await b.sees({ A: 'Primary', B: 'Connected' });
      await stage.gemel(b, 'mirror promote B');
      await stage.asBefore();
    },
  );

  it.concurrent(
    'not demoted, its host away, a primary that is restarted waits until it is forced: it was the last primary',
    async ({ onTestFinished }) => {
      const stage = await Stage.ofPair(onTestFinished);
      const { a, b } = stage;
      await stage.gemel(b, 'instance stop B');
      await stage.gemel(b, 'agent stop');
      await stage.write(a);
      await stage.gemel(a, 'instance stop A');
      await stage.gemel(a, 'instance start A');
      await a.sees({ A: 'Waiting' });
      expect(await stage.refused(a, 'mirror force-primary A')).toContain('[FORCE_NOT_CONFIRMED]');
      await stage.gemel(a, 'mirror force-primary A --yes');
      await a.sees({ A: 'Primary' });
      await stage.write(a);
      await stage.hostReturns(b);
      await stage.gemel(b, 'instance start B');
      await stage.asBefore();
    },
  );
});

describe('3.4.1.2 maintenance of the primary', () => {
  it.concurrent('a stop in order hands over to the backup; the same again gives the roles back', async ({ onTestFinished }) => {
    const stage = await Stage.ofPair(onTestFinished);
    const { a, b, pair } = stage;
    await stage.write(a);
    await stage.gemel(a, 'instance stop A');
    await b.sees({ B: 'Primary' });
    await stage.write(b);
    await stage.gemel(a, 'instance start A');
    await pair.ready(b);
    await stage.gemel(b, 'instance stop B');
    await a.sees({ A: 'Primary' });
    await stage.gemel(b, 'instance start B');
    await stage.asBefore();
  });
});

describe('3.4.1.3 avoiding failover', () => {
  it.concurrent('by demoting the backup: the primary stops and comes back, nobody takes over', async ({ onTestFinished }) => {
    const stage = await Stage.ofPair(onTestFinished);
    const { a, b } = stage;
    await stage.gemel(b, 'mirror demote B');
    await b.sees({ A: 'Primary', B: 'Connected' });
    await stage.write(a);
    await stage.gemel(a, 'instance stop A');
    await b.sees({ A: 'Down' });
    await stage.gemel(a, 'instance start A');
    await a.sees({ A: 'Primary' });
    await b.sees({ A: 'Primary', B: 'Connected' });
    await stage.gemel(b, 'mirror promote B');
    await stage.asBefore();
  });

  it.concurrent('by stopping the primary with --nofailover', async ({ onTestFinished }) => {
    const stage = await Stage.ofPair(onTestFinished);
    const { a, b } = stage;
    await stage.write(a);
    await stage.gemel(a, 'instance stop A --nofailover');
    await b.sees({ B: 'Waiting' });
    await stage.gemel(a, 'instance start A');
    await stage.asBefore();
  });

  it.concurrent.for(['A', 'B'] as const)(
    'by setting no failover on %s: a primary that is killed is not replaced; its restart clears it',
    async (where, { onTestFinished }) => {
      const stage = await Stage.ofPair(onTestFinished);
      const { a, b } = stage;
      const at = where === 'A' ? a : b;
      await stage.gemel(at, `mirror set-nofailover ${where}`);
      expect(await stage.gemel(at, `mirror status ${where} --json`)).toContain('"noFailover":true');
      await stage.write(a);
      await a.kill();
      await b.sees({ B: 'Waiting' });
      await stage.gemel(a, 'instance start A');
      await stage.asBefore();
      expect(await stage.gemel(a, 'mirror status A --json')).toContain('"noFailover":false');
    },
  );
});
