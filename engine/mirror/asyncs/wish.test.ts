import { beforeEach, expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import { EditWishes } from '../editing/wishes.ts';
import { ManualClock } from '../testing/pipe.ts';
import { Asking } from './asking.ts';

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
});

function refusal(answer: Promise<void>): Promise<unknown> {
  return answer.then(
    () => 'done',
    (error: unknown) => error,
  );
}

it('a promotion that was asked for ends with the connection: it may have been made, and that is said', async () => {
  const asking = new Asking(clock, () => true);
  const answer = refusal(asking.toBePromoted());
  asking.lost();
  const error = await answer;
  expect(error).toBeInstanceOf(GemelError);
  expect(error).toMatchObject({ code: 'UNREACHABLE', what: expect.stringMatching(/lost before it answered/) as string });
  expect((error as GemelError).safe).toMatch(/may still have been done/);
  expect((error as GemelError).todo).toMatch(/gemel mirror status/);
  expect(asking.isUnderWay).toBe(false);
});

it('nothing that was not asked is lost, and what was answered stays so', async () => {
  const asking = new Asking(clock, () => true);
  asking.lost();
  const answer = refusal(asking.toBe('Disaster Recovery'));
  asking.done();
  asking.lost();
  expect(await answer).toBe('done');
});

it('all edits that were asked for end with the connection', async () => {
  const wishes = new EditWishes(clock);
  const [port, leave] = [
    refusal(wishes.ask({ what: 'own-port', from: 1, to: 2 }, () => undefined)),
    refusal(wishes.ask({ what: 'leave' }, () => undefined)),
  ];
  wishes.lost();
  for (const answer of [port, leave]) expect(await answer).toMatchObject({ code: 'UNREACHABLE' });
  expect(wishes.removed()).toBe(false);
});
