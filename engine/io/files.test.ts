import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GemelError } from '../api/errors.ts';
import { fileError } from './file-errors.ts';
import { realFiles } from './files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gemel-io-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const at = (name: string): string => join(directory, name);

test('an atomic write replaces the whole file and leaves nothing beside it', () => {
  realFiles.atomicWrite(at('f'), Buffer.from('a long first content'));
  realFiles.atomicWrite(at('f'), Buffer.from('second'));
  expect(realFiles.read(at('f')).toString()).toBe('second');
  expect(realFiles.list(directory)).toEqual(['f']);
});

test('an atomic write that fails leaves the old content', () => {
  realFiles.atomicWrite(at('f'), Buffer.from('old'));
  const notBytes = Object.defineProperty(Buffer.from('new'), 'length', { value: 1e6 });
  expect(() => realFiles.atomicWrite(at('f'), notBytes)).toThrow();
  expect(readFileSync(at('f'), 'utf8')).toBe('old');
});

test('copies whole files and beginnings of files, over several pieces', () => {
  const content = Buffer.alloc(2_500_000, 'abcdefg');
  writeFileSync(at('from'), content);
  realFiles.copy(at('from'), at('whole'));
  realFiles.copy(at('from'), at('part'), 1_500_000);
  expect(readFileSync(at('whole')).equals(content)).toBe(true);
  expect(readFileSync(at('part')).equals(content.subarray(0, 1_500_000))).toBe(true);
});

test('an open file reads, writes and is cut at places', () => {
  const file = realFiles.open(at('f'), 'create');
  file.write(Buffer.from('0123456789'), 2, 5, 3);
  expect(file.size()).toBe(8);
  const buffer = Buffer.alloc(10, '.');
  expect(file.read(buffer, 1, 9, 4)).toBe(4);
  expect(buffer.toString()).toBe('.3456.....');
  file.truncate(4);
  file.datasync();
  expect(file.size()).toBe(4);
  file.close();
  expect(() => realFiles.open(at('f'), 'create')).toThrow(/exists already/);
});

test('errors name the path and say what to do', () => {
  const missing = (): unknown => realFiles.open(at('none'), 'read');
  expect(missing).toThrow(GemelError);
  expect(missing).toThrow(`Could not open ${at('none')}: it does not exist.`);
  expect(realFiles.list(at('none'))).toEqual([]);
  realFiles.remove(at('none'));
  const cases = { ENOSPC: 'DISK_FULL', EDQUOT: 'DISK_FULL', EACCES: 'RIGHTS', EROFS: 'RIGHTS', EIO: 'IO', EMFILE: 'IO', EWHATEVER: 'IO' };
  for (const [code, expected] of Object.entries(cases)) {
    const error = fileError(Object.assign(new Error('x'), { code }), 'write', '/some/path');
    expect([error.code, error.what.includes('/some/path'), error.todo.length > 0]).toEqual([expected, true, true]);
  }
});

test('a full disk is told as such', () => {
  const full = realFiles.open('/dev/full', 'update');
  expect(() => full.write(Buffer.from('x'), 0, 1, 0)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  full.close();
});
