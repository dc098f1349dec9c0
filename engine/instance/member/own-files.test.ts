import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import { requireOwnFiles } from './own-files.ts';

let directory: string;
let copied: string;
let own: string;

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "gemel's copied-"));
  [own, copied] = [path.join(directory, 'MIRROR-TEST-20260101.001'), path.join(directory, 'MIRROR-TEST-20260101.002')];
  for (const file of [own, copied]) {
    fs.writeFileSync(file, 'journal');
    fs.chmodSync(file, 0o600);
  }
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

function refusal(): GemelError {
  try {
    requireOwnFiles([own, copied]);
  } catch (error) {
    if (error instanceof GemelError) return error;
    throw error;
  }
  return expect.unreachable('it is refused');
}

/** What it says is to be done makes it right. */
function mendsWithWhatItSays(): void {
  execFileSync('sh', ['-c', refusal().todo.replace(/^.*?: /, '')]);
  expect(() => requireOwnFiles([own, copied])).not.toThrow();
}

describe('a journal file that was copied by hand', () => {
  it.each([0o600, 0o640, 0o644])('of this user that nobody else may write is taken (mode %i)', (mode) => {
    fs.chmodSync(copied, mode);
    expect(() => requireOwnFiles([own, copied])).not.toThrow();
  });

  it.each([0o620, 0o602, 0o666])(
    'that others may write is refused, with file, owner, mode, and the command that mends it (mode %i)',
    (mode) => {
      fs.chmodSync(copied, mode);
      const { code, what } = refusal();
      expect(code).toBe('RIGHTS');
      expect(what).toContain(`${copied} (owner ${process.geteuid?.()}, mode 0${mode.toString(8)})`);
      expect(what).not.toContain(own);
      mendsWithWhatItSays();
    },
  );

  it('of another user is refused in the same way', ({ skip }) => {
    skip(process.geteuid?.() !== 0, 'only the superuser gives files away');
    fs.chownSync(copied, 12345, 12345);
    expect(refusal().what).toContain(`${copied} (owner 12345, mode 0600)`);
    mendsWithWhatItSays();
  });
});
