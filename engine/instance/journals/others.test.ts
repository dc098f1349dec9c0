import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realFiles } from '../../io/index.ts';
import type { Lineage } from '../../journal/index.ts';
import { givenUp, learn, othersNeed, OthersFile, type Known, type Other } from './others.ts';

const day = 86_400_000;
const epoch = { major: 1, minor: 0 };
const nobody = new Set<string>();

function async(over: Partial<Other> = {}): Other {
  return { guid: 'c', name: 'C', isAsync: true, position: { file: 5, offset: 8000 }, connected: true, ...over };
}

const away = async({ position: null, connected: false });

function needs(known: readonly Known[], now: number, connected = nobody, lineage: Lineage = []): (number | null)[] {
  return othersNeed(known, connected, lineage, 14, now).map(({ from }) => from?.file ?? null);
}

describe('what is kept for another member', () => {
  it('is from the file on that it had got to, for as long as it is connected or away for less than its days', () => {
    const known = learn([], [async()], epoch, day);
    expect(needs(known, day)).toEqual([5]);
    const later = learn(known, [away], epoch, 10 * day);
    expect(needs(later, 15 * day)).toEqual([5]);
    expect(needs(later, 15 * day + 1)).toEqual([]);
    expect(givenUp(later, nobody, 14, 15 * day + 1)).toHaveLength(1);
    expect(needs(later, 99 * day, new Set(['c']))).toEqual([5]);
  });

  it('is everything while nobody knows what it has', () => {
    const known = learn([], [away], epoch, day);
    expect(needs(known, 15 * day)).toEqual([null]);
    expect(needs(known, 15 * day + 1)).toEqual([]);
    // That it connects and has not said it yet does not count as being away.
    const connected = learn(known, [async({ position: null })], epoch, 16 * day);
    expect(needs(connected, 20 * day, nobody)).toEqual([null]);
  });

  it('has no end for a failover member', () => {
    const known = learn([], [async({ isAsync: false })], epoch, day);
    expect(needs(learn(known, [{ ...away, isAsync: false }], epoch, day), 999 * day)).toEqual([5]);
  });

  it('goes back to where a newer epoch parts from what it had', () => {
    const known = learn([], [async()], epoch, day);
    const entry = (minor: number, file: number): Lineage[number] => ({
      epoch: { major: 1, minor, member: 'm' },
      first: { file: file + 1, offset: 4096 },
      previousEnd: { file, offset: 7000 },
      previousChain: '',
    });
    expect(needs(known, day, nobody, [entry(0, 1), entry(1, 3)])).toEqual([3]);
    expect(needs(known, day, nobody, [entry(0, 1), entry(1, 9)])).toEqual([5]);
  });

  it('ends with its membership', () => {
    expect(learn(learn([], [async()], epoch, day), [], epoch, day)).toEqual([]);
  });
});

describe('what is known of other members', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'gemel-others-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is never more after a restart than before, and by no more than a few minutes and the same file less', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 900_000 }),
      file: fc.integer({ min: 0, max: 2 }),
      state: fc.constantFrom('away', 'silent', 'here'),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), (steps) => {
        rmSync(path.join(directory, 'mirror-M-others.json'), { force: true });
        let file = new OthersFile(realFiles, directory, 'M');
        let now = day;
        let at = 1;
        for (const { afterMs, file: more, state } of steps) {
          now += afterMs;
          at += more;
          const position = state === 'here' ? { file: at, offset: now } : null;
          file.update([async({ position, connected: state !== 'away' })], epoch, now);
          const [before] = file.known;
          file = new OthersFile(realFiles, directory, 'M');
          const [after] = file.known;
          expect(after?.position?.file).toBe(before?.position?.file);
          expect(after?.seenMs).toBeLessThanOrEqual(before?.seenMs ?? 0);
          expect((before?.seenMs ?? 0) - (after?.seenMs ?? 0)).toBeLessThanOrEqual(600_000);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('is nothing when its file is damaged', () => {
    writeFileSync(path.join(directory, 'mirror-M-others.json'), '{"members": [{}');
    expect(new OthersFile(realFiles, directory, 'M').known).toEqual([]);
    writeFileSync(path.join(directory, 'mirror-M-others.json'), '{"members": [{}]}');
    expect(new OthersFile(realFiles, directory, 'M').known).toEqual([]);
  });
});
