import fs from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { Stage, type Finished } from './stage.ts';

/** Unplanned outages: section 3.4.2 of the reference documents, through the command line. Isolation (3.4.2.4) is in ../outages/operator.test.ts. */

// Half of them wait for the minute of a force.
vi.setConfig({ maxConcurrency: 4 });

describe.concurrent('3.4.2.1 an outage of the backup', () => {
  it('its instance or its host fails: the primary works on; restarted it is backup', async ({ onTestFinished }) => {
    const stage = await Stage.ofPair(onTestFinished);
    const { a, b } = stage;
    await b.kill();
    await stage.write(a);
    await stage.gemel(b, 'instance start B');
    await stage.pair.ready(a);
    await stage.fails(b);
    await stage.write(a);
    await stage.hostReturns(b);
    await stage.gemel(b, 'instance start B');
    await stage.asBefore();
  });
});

describe.concurrent('3.4.2.2 an outage of the primary with automatic failover', () => {
  it('the backup takes over; the former primary comes back as backup; stopping the new one in order gives the roles back', async ({
    onTestFinished,
  }) => {
    const stage = await Stage.ofPair(onTestFinished);
    const { a, b, pair } = stage;
    await stage.write(a);
    await a.kill();
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

/** No arbiter, and the whole host of A fails: B cannot know that A is down. */
async function waiting(onTestFinished: Finished, isActive: boolean): Promise<Stage> {
  const stage = await Stage.ofPair(onTestFinished, { arbiter: false });
  const { a, b } = stage;
  await stage.write(a);
  if (!isActive) {
    await stage.gemel(b, 'mirror stop B');
    await a.sees({ A: 'Primary', B: 'Stopped' });
  }
  return stage;
}

describe.concurrent('3.4.2.3 an outage of the primary without automatic failover', () => {
  it('1: its host comes back without the instance: the backup becomes primary', async ({ onTestFinished }) => {
    const stage = await waiting(onTestFinished, true);
    const { a, b, pair } = stage;
    await stage.fails(a);
    await b.sees({ B: 'Waiting' });
    await stage.hostReturns(a);
    await b.sees({ B: 'Primary' });
    await stage.write(b);
    await stage.gemel(a, 'instance start A');
    await pair.ready(b);
    await stage.gemel(b, 'mirror switch-over B');
    await stage.asBefore();
  });

  it('1: its host comes back with the instance: they negotiate', async ({ onTestFinished }) => {
    const stage = await waiting(onTestFinished, true);
    const { a, b } = stage;
    await stage.fails(a);
    await b.sees({ B: 'Waiting' });
    await stage.hostReturns(a);
    await stage.gemel(a, 'instance start A');
    const seen = await b.waitFor('one is primary, the other backup', ({ mirror }) =>
      ['Primary', 'Backup'].every((status) => mirror?.members.some((m) => m.status === status) === true),
    );
    if (seen.mirror?.members.some((m) => m.name === 'B' && m.status === 'Primary') === true) {
      await stage.pair.ready(b);
      await stage.gemel(b, 'mirror switch-over B');
    }
    await stage.asBefore();
  });

  it('2: an active backup is forced: it says so, with the journal file; nothing is lost', async ({ onTestFinished }) => {
    const stage = await waiting(onTestFinished, true);
    const { a, b, pair } = stage;
    await stage.fails(a);
    await b.sees({ B: 'Waiting' });
    const said = JSON.parse(await stage.refusedJson(b, 'mirror force-primary B --json')) as { error: { facts: Record<string, unknown> } };
    expect(said.error.facts).toMatchObject({ wasActive: 1, path: expect.stringContaining('MIRROR-TEST-') as string });
    await stage.gemel(b, 'mirror force-primary B --yes');
    await stage.write(b);
    await stage.hostReturns(a);
    await stage.gemel(a, 'instance start A');
    await pair.ready(b);
    await stage.gemel(b, 'mirror switch-over B');
    await stage.asBefore();
  });

  it('2: a backup that was not active is forced after journal files were copied to it: nothing is lost', async ({ onTestFinished }) => {
    const stage = await waiting(onTestFinished, false);
    const { a, b, pair } = stage;
    await stage.write(a);
    await stage.fails(a);
    await stage.gemel(b, 'mirror start B');
    await b.sees({ B: 'Waiting' });
    const [last = ''] = (await stage.copyJournal(a, b)).toReversed();
    const whole = fs.readFileSync(last);
    // Half a copy ends before what B had itself: it is not taken.
    fs.writeFileSync(last, whole.subarray(0, 4096));
    expect(await stage.refused(b, 'mirror force-primary B --yes')).toContain(last.slice(0, last.lastIndexOf('/')));
    await b.sees({ B: 'Waiting' });
    fs.writeFileSync(last, whole);
    await stage.gemel(b, 'mirror force-primary B --yes');
    expect(b.messages()).toContain('[JOURNAL_COPIED]');
    await stage.write(b);
    await stage.hostReturns(a);
    await stage.gemel(a, 'instance start A');
    await pair.ready(b);
    expect(a.messages()).not.toContain('[LOST_UPDATES]');
    await stage.gemel(b, 'mirror switch-over B');
    await stage.asBefore();
  });

  it('2: a backup that was not active is forced without them: it says so; what only the other had is lost, reported, and it joins again', async ({
    onTestFinished,
  }) => {
    const stage = await waiting(onTestFinished, false);
    const { a, b, pair } = stage;
    await stage.lose(() => stage.write(a));
    await stage.fails(a);
    await stage.gemel(b, 'mirror start B');
    await b.sees({ B: 'Waiting' });
    expect(await stage.refusedJson(b, 'mirror force-primary B --json')).toContain('"wasActive":0');
    await stage.gemel(b, 'mirror force-primary B --yes');
    await stage.write(b);
    await stage.hostReturns(a);
    await stage.gemel(a, 'instance start A');
    await pair.ready(b);
    expect(a.messages()).toContain('[LOST_UPDATES]');
    await stage.gemel(b, 'mirror switch-over B');
    await stage.asBefore();
  });
});

describe.concurrent('3.4.2.5 both fail', () => {
  it('both agents and one instance come back: it becomes primary, nothing is lost', async ({ onTestFinished }) => {
    const stage = await Stage.ofPair(onTestFinished);
    const { a, b, pair } = stage;
    await stage.write(a);
    await Promise.all([stage.fails(a), stage.fails(b)]);
    await stage.hostReturns(a);
    await stage.hostReturns(b);
    await stage.gemel(b, 'instance start B');
    await b.sees({ B: 'Primary' });
    await stage.write(b);
    await stage.gemel(a, 'instance start A');
    await pair.ready(b);
    await stage.gemel(b, 'mirror switch-over B');
    await stage.asBefore();
  });

  it('only the last primary comes back, and is known to be that: forced, nothing is lost', async ({ onTestFinished }) => {
    const stage = await Stage.ofPair(onTestFinished);
    const { a, b } = stage;
    await stage.fails(b);
    await stage.write(a);
    await stage.fails(a);
    await stage.hostReturns(a);
    await stage.gemel(a, 'instance start A');
    await a.sees({ A: 'Waiting' });
    await stage.gemel(a, 'mirror force-primary A --yes');
    await stage.write(a);
    await stage.hostReturns(b);
    await stage.gemel(b, 'instance start B');
    await stage.asBefore();
  });
});
