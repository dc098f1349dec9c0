import { describe, expect, test } from 'vitest';
import { expectedOutcome } from './expected.ts';
import { linkRows } from './rows.ts';
import { ONE_EVENT_GAP_MS, play, whole } from './testing/play.ts';
import { BEFORES } from './words.ts';

/** Each row of the table once; every order and each way of it: `links.long.test.ts`. */
describe.each(BEFORES.map((before) => ({ before, name: `arbiter ${before.arbiter}, backup ${before.backup}` })))(
  'links lost: $name',
  ({ before }) => {
    test.each(linkRows(before).map((lost) => ({ lost, name: lost.join(' + ') || 'none' })))('$name', ({ lost }) => {
      expect(play(before, whole(lost), ONE_EVENT_GAP_MS, [expectedOutcome(before, [lost])])).toBeNull();
    });
  },
);
