import { readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { instancePaths } from '../engine/instance/host.ts';
import { inStep, joinAs, newInstance, times, view } from './asyncs-support.ts';
import { sameDatabases, set } from './support/acknowledged.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

describe('an async that the primary cannot send what it lacks', () => {
  it('asks again and again, which is said once, and gets it when it is there again', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    await set(a, 'x', '1');
    await a.call('journal.switch', {});
    await set(a, 'x', '2');
    const { journal } = instancePaths(a.directory);
    const name = readdirSync(journal).find((each) => /^MIRROR-TEST-.*\.001$/.test(each)) ?? '';
    renameSync(path.join(journal, name), path.join(journal, `${name}.away`));
    const c = await newInstance(pair, 'C');
    await joinAs(pair, c, 'dr');
    await c.sees({ C: 'Waiting' });
    const ends = new Set<string>();
    await until('it was let go in three different seconds', async () => {
      const { journalTransfer } = await view(a, 'C');
      return journalTransfer.startsWith('Disconnected on ') && ends.add(journalTransfer).size === 3;
    });
    expect([times(c, 'ASYNC_NOT_TAKEN'), times(c, 'ASYNC_ALONE'), times(c, 'ASYNC_FOLLOWS')]).toEqual([1, 0, 1]);
    expect([times(a, 'ASYNC_CONNECTED'), times(a, 'ASYNC_REFUSED')]).toEqual([1, 1]);
    expect(await set(a, 'x', '3')).toBe('OK');
    renameSync(path.join(journal, `${name}.away`), path.join(journal, name));
    await c.call('db.create', { name: 'DB', mirrored: true });
    await inStep(c, a);
    await sameDatabases(pair, c);
  });
});
