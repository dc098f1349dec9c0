import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withDirectoryLock } from './directory-lock.js';
import { ensureInstalled, InstallError, stamp, stampFile } from './install.js';

let root: string;
let said: string[];
const say = (line: string): void => void said.push(line);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gemel-install-'));
  writeFileSync(join(root, 'package-lock.json'), '{"lock":1}');
  said = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Turns of the event loop until `met`. */
async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((resolve) => setImmediate(resolve));
}

/** Stands in for npm: makes node_modules, as the real one does after removing the old. */
function installer(code = 0): { npmCi: (root: string) => number; runs: string[] } {
  const runs: string[] = [];
  const npmCi = (where: string): number => {
    runs.push(where);
    rmSync(join(where, 'node_modules'), { recursive: true, force: true });
    mkdirSync(join(where, 'node_modules'));
    return code;
  };
  return { npmCi, runs };
}

describe('installing dependencies', () => {
  it('installs on a fresh clone and not again', async () => {
    const { npmCi, runs } = installer();
    expect(await ensureInstalled(root, say, { npmCi })).toBe('installed');
    expect(await ensureInstalled(root, say, { npmCi })).toBe('current');
    expect(runs).toEqual([root]);
    expect(said[0]).toContain('npm ci');
    expect(said).toHaveLength(2);
  });

  it('installs again when the lock file changed', async () => {
    const { npmCi, runs } = installer();
    await ensureInstalled(root, say, { npmCi });
    writeFileSync(join(root, 'package-lock.json'), '{"lock":2}');
    expect(await ensureInstalled(root, say, { npmCi })).toBe('installed');
    expect(runs).toHaveLength(2);
  });

  it('installs once for two commands at the same time', async () => {
    const { npmCi, runs } = installer();
    const slow = async (where: string): Promise<number> => {
      await until(() => said.some((line) => line.startsWith('Another command')));
      return npmCi(where);
    };
    const results = await Promise.all([ensureInstalled(root, say, { npmCi: slow }), ensureInstalled(root, say, { npmCi: slow })]);
    expect(runs).toHaveLength(1);
    expect(results.sort()).toEqual(['current', 'installed']);
  });

  it('says what to do when npm fails, and counts nothing as installed', async () => {
    const { npmCi } = installer(1);
    await expect(ensureInstalled(root, say, { npmCi })).rejects.toThrow(InstallError);
    await expect(ensureInstalled(root, say, { npmCi })).rejects.toThrow(/npm ci ended with 1.*run the command again/);
    expect(readdirSync(root).sort()).toEqual(['node_modules', 'package-lock.json']);
  });

  it('refuses a Node of the checkout that does not run', async () => {
    const { npmCi } = installer();
    const broken = (where: string): number => {
      npmCi(where);
      mkdirSync(join(where, 'node_modules', '.bin'));
      writeFileSync(join(where, 'node_modules', '.bin', 'node'), '#!/bin/sh\necho v20.1.0\n', { mode: 0o755 });
      return 0;
    };
    await expect(ensureInstalled(root, say, { npmCi: broken })).rejects.toThrow(/does not run on this machine \(v20\.1\.0\)/);
  });

  it('keeps the stamp with what was installed', async () => {
    await ensureInstalled(root, say, { npmCi: installer().npmCi });
    expect(stampFile(root)).toBe(join(root, 'node_modules', '.gemel-stamp'));
    expect(stamp(root)).toMatch(new RegExp(`^[0-9a-f]{64} ${process.platform}-${process.arch}\n$`));
  });
});

describe('the directory lock', () => {
  const waiting = (): void => say('waiting');

  it('lets one in at a time', async () => {
    const lock = join(root, 'lock');
    let inside = 0;
    const most: number[] = [];
    const work = async (): Promise<void> => {
      most.push(++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all(Array.from({ length: 4 }, () => withDirectoryLock(lock, { waiting, work })));
    expect(most).toEqual([1, 1, 1, 1]);
  });

  it('takes over from a holder that died', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'close');
    mkdirSync(join(root, 'lock'));
    writeFileSync(join(root, 'lock', 'holder'), `${dead.pid} some-id`);
    expect(await withDirectoryLock(join(root, 'lock'), { waiting, work: () => 'in' })).toBe('in');
    expect(readdirSync(root)).toEqual(['package-lock.json']);
  });

  it('takes over from a holder that died before it wrote its name', async () => {
    mkdirSync(join(root, 'lock'));
    utimesSync(join(root, 'lock'), 1_000_000, 1_000_000);
    expect(await withDirectoryLock(join(root, 'lock'), { waiting, work: () => 'in' })).toBe('in');
  });

  it('is free again after work that failed', async () => {
    const lock = join(root, 'lock');
    await expect(withDirectoryLock(lock, { waiting, work: () => Promise.reject(new Error('broken')) })).rejects.toThrow('broken');
    expect(await withDirectoryLock(lock, { waiting, work: () => 'in' })).toBe('in');
    expect(said).toEqual([]);
  });
});
