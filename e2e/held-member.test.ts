import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runCommand } from '../engine/cli/program.ts';
import { instancePaths } from '../engine/instance/directory.ts';
import { sameDatabases, set } from './support/acknowledged.ts';
import { makePair } from './support/pair.ts';

it('a member whose own mirror journal cannot be read waits, says what to do, and leaves the mirror to the other one', async () => {
  const pair = await makePair({ arbiter: false });
  onTestFinished(() => pair.stop());
  const { a, b } = pair;
  expect(await set(a, 'before', '1')).toBe('OK');
  await b.kill();
  const { journal } = instancePaths(b.directory);
  const newest = fs
    .readdirSync(journal)
    .filter((name) => name.startsWith('MIRROR-TEST-'))
    .toSorted()
    .at(-1);
  if (newest === undefined) throw new Error('there is a mirror journal');
  const file = path.join(journal, newest);
  const sound = fs.readFileSync(file);
  const damaged = Buffer.from(sound);
  damaged.write('damage', 100);
  fs.writeFileSync(file, damaged);

  await b.start();
  expect(await b.call('instance.status', {})).toMatchObject({
    state: 'running',
    mirrors: [{ mirror: 'TEST', status: 'Waiting' }],
    problem: expect.stringContaining(newest) as string,
  });
  expect(b.messages()).toMatch(/\[OWN_JOURNAL_UNREADABLE\] .* \(mirror=TEST, why=/);
  await expect(b.call('mirror.forcePrimary', { confirmed: true })).rejects.toMatchObject({
    code: 'REFUSED',
    condition: { code: 'OWN_JOURNAL_UNREADABLE', facts: { mirror: 'TEST' } },
  });
  await expect(b.call('mirror.create', { name: 'OTHER', qosMs: 2000 } as never)).rejects.toMatchObject({ code: 'REFUSED' });
  let told = '';
  const terminal = { out: (text: string) => (told += text), err: (text: string) => (told += text), interactive: false };
  expect(await runCommand(['mirror', 'status', 'B'], { home: b.home, terminal })).toBe(1);
  expect(told).toContain('Stop the instance, put the journal file named back');
  // It serves what is not mirrored, and nothing of its mirror is touched.
  await b.call('db.create', { name: 'OWN', mirrored: false });
  expect(fs.readFileSync(file).equals(damaged)).toBe(true);
  expect(await set(a, 'meanwhile', '1')).toBe('OK');

  await b.stop();
  fs.writeFileSync(file, sound);
  await b.start();
  await pair.ready();
  await sameDatabases(pair);
});
