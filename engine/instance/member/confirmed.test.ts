import { afterEach, beforeEach, expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import type { JournalWriter } from '../../journal/index.ts';
import { Workplace } from '../../journal/test-support.ts';
import { confirmed } from './confirmed.ts';

let place: Workplace;
let writer: JournalWriter;

beforeEach(async () => {
  place = new Workplace();
  writer = await place.writer(place.journal('primary'), { gate: 'hold' });
});
afterEach(() => place.remove());

/** A member that writes the journal until `until` says otherwise. */
function member(until: Promise<boolean>) {
  return { journal: { writer }, until: () => until };
}

it('a new database is confirmed when what stands behind it in the journal is durable', async () => {
  const order: string[] = [];
  const done = confirmed(member(new Promise<never>(() => undefined)), writer, 'DB').then(() => order.push('confirmed'));
  await expect.poll(() => writer.inFlight).not.toBeNull();
  order.push('durable');
  writer.setGate('open');
  await done;
  expect(order).toEqual(['durable', 'confirmed']);
});

it.each([
  [true, /no longer primary/],
  [false, /nothing becomes durable/],
])('it is not when that comes first (role lost: %s), and the error says what to do', async (isLost, why) => {
  const refusal = await confirmed(member(Promise.resolve(isLost)), writer, 'DB').catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(GemelError);
  expect((refusal as GemelError).code).toBe('TIMEOUT');
  expect((refusal as GemelError).what).toMatch(why);
  expect((refusal as GemelError).todo).toMatch(/gemel mirror status/);
});
