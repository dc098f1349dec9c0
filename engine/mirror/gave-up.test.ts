import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { realIo } from '../io/index.ts';
import { leaveWord, readWord } from './gave-up.ts';

let mgr: string;
beforeEach(() => {
  mgr = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-word-'));
});
afterEach(() => fs.rmSync(mgr, { recursive: true, force: true }));

const had = { epoch: { major: 1, minor: 2, member: 'A' }, boot: 'boot', n: 3 };

it('the newest word is found; the same one is not written again', () => {
  expect(readWord(realIo.files, mgr)).toBeNull();
  leaveWord(realIo.files, mgr, 'B', had);
  expect(readWord(realIo.files, mgr)).toEqual({ member: 'B', had });
  const before = fs.statSync(path.join(mgr, 'gave-up.json')).ino;
  leaveWord(realIo.files, mgr, 'B', had);
  expect(fs.statSync(path.join(mgr, 'gave-up.json')).ino).toBe(before);
  leaveWord(realIo.files, mgr, 'B', { ...had, n: 4 });
  expect(readWord(realIo.files, mgr)?.had.n).toBe(4);
});

it('what is no word says nothing', () => {
  for (const text of ['', '{', '{"member":"B"}', '[]']) {
    fs.writeFileSync(path.join(mgr, 'gave-up.json'), text);
    expect(readWord(realIo.files, mgr), text).toBeNull();
  }
});
