import fc from 'fast-check';
import { expect, test } from 'vitest';
import { continuous, dejournalHalt } from './dejournaling.ts';

const minute = fc.integer({ min: 0, max: 1439 });

test('what an operator has paused stays so, whatever the schedule and errors', () => {
  fc.assert(
    fc.property(minute, fc.boolean(), fc.option(fc.record({ from: minute, to: minute })), (now, failed, schedule) => {
      expect(dejournalHalt({ paused: true, schedule }, failed, now)).toBe('operator');
    }),
  );
});

test('an error pauses until it is mended', () => {
  expect(dejournalHalt(continuous, true, 0)).toBe('error');
  expect(dejournalHalt(continuous, false, 0)).toBeNull();
});

test('a schedule lets exactly its minutes, also over midnight', () => {
  fc.assert(
    fc.property(minute, minute, (from, to) => {
      const allowed = Array.from(
        { length: 1440 },
        (_, now) => dejournalHalt({ paused: false, schedule: { from, to } }, false, now) === null,
      );
      // Walked through from its beginning, as a clock does.
      const length = (to - from + 1440) % 1440 || 1440;
      for (let n = 0; n < 1440; n++) expect(allowed[(from + n) % 1440]).toBe(n < length);
    }),
    { numRuns: 50 },
  );
});
