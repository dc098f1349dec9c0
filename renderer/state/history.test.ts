import { expect, it, vi } from 'vitest';
import { GemelError } from '../../engine/api/errors.ts';
import { HistoryState, ranges } from './history.svelte.ts';
import { settle, TestClient } from './testing.ts';

const members = [
  { name: 'A', instance: 'local/A' },
  { name: 'B', instance: null },
];

function client(answers: Partial<ConstructorParameters<typeof TestClient>[0]> = {}): TestClient {
  return new TestClient({ history: () => [], 'history.lags': () => [], 'history.events': () => [], ...answers });
}

it('asks for the figures of members that are known here, and for lags and events of the mirror', async () => {
  const asked = client();
  const state = new HistoryState(asked, 'M');
  state.setMembers(members);
  await settle();
  state.setMembers(members.map((m) => ({ ...m })));
  await settle();
  expect(asked.called.map((c) => c.name)).toEqual(['history', 'history.lags', 'history.events']);
  expect(state.memberNames).toEqual(['A', 'B']);
  expect(Math.round(state.shown.to - state.shown.from)).toBe(ranges[0]);
  state.close();
});

it('moves about in time, stands where it was put, and comes back to now', async () => {
  const state = new HistoryState(client(), 'M');
  state.setMembers(members);
  state.zoom(1000, 101_000);
  await settle();
  expect([state.live, state.shown]).toEqual([false, { from: 1000, to: 101_000 }]);
  state.move(0.5);
  await settle();
  expect(state.shown).toEqual({ from: 51_000, to: 151_000 });
  state.scale(0.5);
  await settle();
  expect(state.shown).toEqual({ from: 76_000, to: 126_000 });
  state.show(ranges[1]);
  await settle();
  expect([state.live, state.shown.to > 1_000_000]).toEqual([true, true]);
  state.close();
});

it('shows the answer to the newest question only', async () => {
  const slow = Promise.withResolvers<[]>();
  let first = true;
  const state = new HistoryState(client({ 'history.events': () => (first ? ((first = false), slow.promise) : []) }), 'M');
  state.setMembers(members);
  state.zoom(1000, 101_000);
  await settle();
  slow.resolve([]);
  await settle();
  expect(state.shown).toEqual({ from: 1000, to: 101_000 });
  state.close();
});

it('says why nothing can be shown', async () => {
  const refuse = (): never => {
    throw new GemelError('IO', 'The store cannot be read.');
  };
  vi.useFakeTimers();
  const state = new HistoryState(client({ 'history.lags': refuse }), 'M');
  state.setMembers(members);
  await settle();
  expect([state.loaded, state.problem?.what]).toEqual([false, 'The store cannot be read.']);
  state.close();
  vi.useRealTimers();
});

it('hides and shows members', async () => {
  const state = new HistoryState(client(), 'M');
  state.setMembers(members);
  await settle();
  state.toggle('B');
  expect([state.isShown('A'), state.isShown('B')]).toEqual([true, false]);
  state.toggle('B');
  expect(state.isShown('B')).toBe(true);
  state.close();
});
