import { describe, expect, it } from 'vitest';
import { Life, paths, type End } from './life.ts';

/** Journals that go on in the alternate directory, ended at each step on the way there and back. */

const AWAY = '/alternate';

type Fault = { readonly on: 'write' | 'sync'; readonly effect: 'EIO' | 'ENOSPC' };

function newLife(seed: number): Life {
  const life = new Life(seed, { AlternateDirectory: AWAY });
  // On a real file system a directory is durable once it is synced, here at once.
  life.host.drive.makeDirectory(AWAY);
  return life;
}

/** The journal's directory fails from now on. @returns makes it well */
function breaks({ host }: Life, { on, effect }: Fault): () => void {
  const fault = { on, effect, matches: (path: string) => path.startsWith(`${paths.journal}/`) };
  host.drive.faults.add(fault);
  return () => host.drive.faults.delete(fault);
}

const faults: readonly Fault[] = [
  { on: 'write', effect: 'ENOSPC' },
  { on: 'write', effect: 'EIO' },
  { on: 'sync', effect: 'EIO' },
];

/** Breaks the directory, and ends the instance at the n-th change to a file since. @returns whether it came to that */
async function away(seed: number, fault: Fault, n: number, end: End): Promise<boolean> {
  const life = newLife(seed);
  const { process } = life.start();
  await life.pass(40);
  const mend = breaks(life, fault);
  const before = life.durable;
  process.killAtOperation(n);
  await life.pass(60);
  const hasEnded = !process.alive;
  if (!hasEnded) {
    expect(life.said('JOURNAL_ALTERNATE')).toBe(1);
    expect(life.durable).toBeGreaterThan(before);
  }
  life.end(process, end);
  // Half of them find their directory as it was.
  if (n % 2 === 0) mend();
  life.start();
  await life.pass(60);
  expect(life.durable).toBeGreaterThan(before);
  return hasEnded;
}

describe('a journal whose directory cannot be written', () => {
  it.each(faults)('($effect at each $on) goes on in the alternate one, whatever step the process or the host ends at', async (fault) => {
    for (const end of ['kill', 'power cut'] as const) {
      let steps = 0;
      for (let n = 1; n <= 24; n++) if (await away(n, fault, n, end)) steps += 1;
      expect(steps).toBeGreaterThan(10);
    }
  });

  it.each(['kill', 'power cut'] as const)('goes back with the next file, whatever step a %s comes at', async (end) => {
    for (let n = 1; n <= 16; n++) {
      const life = newLife(n);
      const { process, opened } = life.start();
      await life.pass(40);
      const mend = breaks(life, { on: 'sync', effect: 'EIO' });
      await life.pass(40);
      mend();
      const store = await opened;
      const before = life.durable;
      process.run(() => void store?.switchLocalJournal());
      if (n > 1) process.killAtOperation(n);
      await life.pass(60);
      if (n === 1) expect([process.alive, life.said('JOURNAL_BACK')]).toEqual([true, 1]);
      life.end(process, end);
      life.start();
      await life.pass(60);
      expect(life.durable).toBeGreaterThan(before);
    }
  });
});
