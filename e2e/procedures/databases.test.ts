import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { asyncOf, getIn, setIn } from '../asyncs-support.ts';
import { databases, db, gemel, holds, stands } from '../databases/support.ts';
import { sameIn } from '../support/acknowledged.ts';
import { pairOfTest } from '../support/pair-of-test.ts';

/** Adding databases to a mirror: section 3.2.7 of the reference documents, through the command line. */

describe('3.2.7.3 an existing database is added to the mirror', () => {
  it('added on the primary, backed up there, and restored on the others, where it was not before: it follows by itself', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    await db(a, 'create', 'OLD');
    for (let n = 0; n < 50; n += 1) await setIn(a, 'OLD', `old(${n})`, `v${n}`);
    await db(a, 'add-to-mirror', 'OLD');
    const file = path.join(a.home, 'old.backup');
    await db(a, 'backup', 'OLD', '--to', file);
    await setIn(a, 'OLD', 'since', 'the backup');
    for (const member of [b, c]) {
      expect((await member.status())?.missingDatabases).toEqual(['OLD']);
      expect(await gemel(member, 'db', 'restore', member.name, '--from', file)).toMatchObject({ code: 0 });
      await stands(member, 'OLD', 'Dejournaling');
      await holds(member, 'OLD', 'since', 'the backup');
      expect(await getIn(member, 'OLD', 'old(49)')).toBe('v49');
      expect((await member.status())?.missingDatabases).toEqual([]);
    }
    await sameIn('OLD', [a, b, c]);
    expect((await gemel(b, 'mirror', 'compare', 'B', '--database', 'OLD')).code).toBe(0);
    await pair.ready();
    await a.kill();
    await b.sees({ B: 'Primary' });
    await setIn(b, 'OLD', 'since', 'the takeover');
    await a.start();
    await pair.ready(b);
    for (const member of [a, c]) await holds(member, 'OLD', 'since', 'the takeover');
    expect((await databases(b))['OLD']).toMatchObject({ status: 'Normal', nextRecord: 'N/A' });
  });
});
