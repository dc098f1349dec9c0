import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realClock } from '../../../engine/io/index.ts';
import { createInstance } from '../../../engine/instance/host.ts';
import { LocalCommand } from './command.ts';

/** The real command, as a process. */

let home: string;

beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-command-'));
});
afterEach(() => {
  fs.rmSync(home, { recursive: true, force: true });
});

const WAIT_MS = 30_000;

async function first(command: LocalCommand): Promise<readonly string[]> {
  for (;;) {
    const { lines, isAtEnd } = await command.next(10, WAIT_MS);
    if (lines.length > 0 || isAtEnd) return lines;
  }
}

describe('a command of a host', () => {
  it('gives what it prints, then its end', async () => {
    await createInstance(home, { name: 'A', superserverPort: 41_999, webPort: 42_999 });
    const command = new LocalCommand({ home, args: ['journal', 'list', 'A', '--json'], clock: realClock });
    const [line] = await first(command);
    expect(JSON.parse(line ?? '')).toMatchObject({ journals: [], forecast: null });
    await expect(command.next(10, WAIT_MS)).resolves.toEqual({ lines: [], isAtEnd: true });
  });

  it('throws what it failed with, in the words of the engine', async () => {
    const command = new LocalCommand({ home, args: ['journal', 'list', 'NOBODY', '--json'], clock: realClock });
    await expect(first(command)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
