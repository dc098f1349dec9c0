import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Comparison } from '../engine/api/compare.ts';
import { runCommand } from '../engine/cli/program.ts';
import { DatabaseWriter } from '../engine/database/index.ts';
import { encodeKey } from '../engine/globals/index.ts';
import { assert } from '../engine/io/assert.ts';
import { asyncOf, inStep } from './asyncs-support.ts';
import { Acknowledged, sameDatabases, set } from './support/acknowledged.ts';
import type { TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

async function gemel(member: TestMember, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const told = { out: '', err: '' };
  const terminal = { out: (text: string) => (told.out += text), err: (text: string) => (told.err += text), interactive: false };
  const code = await runCommand(args, { home: member.home, terminal });
  return { code, ...told };
}

/** What a fault of a disk, or of ours, may do to a copy: its file says that it has what it has not. */
function damage(member: TestMember, change: (writer: DatabaseWriter) => void): void {
  const writer = DatabaseWriter.open(path.join(member.directory, 'db'));
  const { position, openStart } = writer.meta;
  assert(position !== null, 'it has a position');
  writer.begin();
  change(writer);
  writer.commit({ position, openStart });
  writer.close();
}

const key = (n: number): string => encodeKey('c', [String(n)]);

describe('copies of a database', () => {
  it('are compared, and repaired, while clients update: what differs is found, and nothing else', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    for (let n = 0; n < 200; n += 1) expect(await set(a, `c(${n})`, `v${n}`)).toBe('OK');
    await inStep(c, a);
    const written = await Acknowledged.by(a, 200);
    for (const member of [a, b, c]) {
      const same = await gemel(member, 'mirror', 'compare', member.name, '--json');
      expect({ ...same, found: Comparison.parse(JSON.parse(same.out)) }).toMatchObject({
        code: 0,
        found: { with: member === a ? 'B' : 'A', databases: [{ database: 'DB', skipped: null, different: 0 }] },
      });
    }
    await c.stop();
    damage(c, (writer) => {
      writer.remove(key(17));
      writer.upsert(key(100), 'wrong');
      for (const n of [300, 301]) writer.upsert(key(n), 'never written');
    });
    await c.start();
    await c.sees({ C: 'Connected' });
    await written.more(100);
    const found = await gemel(c, 'mirror', 'compare', 'C');
    expect(found.code).toBe(1);
    expect(found.out).toMatch(/DB +not the same +\d+ +4 +0/);
    expect(found.out).toMatch(/missing +\^c\(17\) +1\n.*another value +\^c\(100\) +1\n.*should not be +\^c\(300\) +\^c\(301\) +2/s);
    expect(found.err).toContain('--repair');
    expect(c.messages()).toContain('[COPIES_DIFFER]');
    const repaired = await gemel(c, 'mirror', 'compare', 'C', '--repair');
    expect(repaired).toMatchObject({ code: 0, out: expect.stringMatching(/DB +repaired +\d+ +4 +4/) });
    await written.more(100);
    expect((await gemel(c, 'mirror', 'compare', 'C', '--with', 'B')).code).toBe(0);
    await written.stop();
    await sameDatabases(pair, c);
  });

  it('cannot be compared with nobody, nor the primary’s be repaired; a comparison that loses the other one says so and harms nothing', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    expect((await gemel(a, 'mirror', 'compare', 'A', '--repair')).err).toContain('[COMPARE_REPAIR_REFUSED]');
    expect((await gemel(a, 'mirror', 'compare', 'A', '--with', 'NOBODY')).err).toContain('has no member NOBODY');
    expect((await gemel(b, 'mirror', 'compare', 'B', '--with', 'B')).err).toContain('with another one');
    expect((await gemel(b, 'mirror', 'compare', 'B', '--database', 'NONE')).err).toContain('has no database NONE');
    await b.stop();
    const alone = await gemel(a, 'mirror', 'compare', 'A');
    expect(alone.code).toBe(1);
    expect(alone.out).toContain('B cannot be reached');
    await b.start();
    await pair.ready();
    // The primary ends while it is asked: the backup takes over, whoever compared.
    const asked = gemel(b, 'mirror', 'compare', 'B');
    await until('the job has begun', async () => (await b.call('job.list', {})).length > 0);
    await a.kill();
    await asked;
    await b.sees({ B: 'Primary' });
    expect(await set(b, 'x', '1')).toBe('OK');
  });
});
