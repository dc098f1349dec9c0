import fc from 'fast-check';
import { expect, test } from 'vitest';
import { moveForCount, moveForLoad, placeFor, workersFor, type Move, type WorkerLoad } from './applier-placement.ts';

const GiB = 2 ** 30;

test('a machine has as many workers as processors, at most sixteen, and no more than its memory allows', () => {
  expect(workersFor({ processors: 2, memoryBytes: 24 * GiB })).toBe(2);
  expect(workersFor({ processors: 64, memoryBytes: 256 * GiB })).toBe(16);
  expect(workersFor({ processors: 8, memoryBytes: 3.5 * GiB })).toBe(3);
  expect(workersFor({ processors: 1, memoryBytes: GiB / 4 })).toBe(1);
});

const loads = fc
  .array(fc.array(fc.nat({ max: 10_000 }), { maxLength: 5 }), { minLength: 1, maxLength: 6 })
  .map((workers): WorkerLoad[] => workers.map((worker, w) => worker.map((updates, n) => ({ name: `${w}.${n}`, updates }))));

function moved(workers: readonly WorkerLoad[], { name, from, to }: Move): WorkerLoad[] {
  const database = workers[from]?.find((each) => each.name === name);
  if (database === undefined) throw new Error('what moves is where it is said to be');
  const all = to === workers.length ? [...workers, []] : workers;
  return all.map((worker, n) => (n === from ? worker.filter((each) => each !== database) : n === to ? [...worker, database] : worker));
}

const names = (workers: readonly WorkerLoad[]): string[] => workers.flatMap((worker) => worker.map(({ name }) => name)).sort();

test('a database that comes in goes to a worker that feeds none, a new one, or one that feeds fewest', () => {
  fc.assert(
    fc.property(loads, fc.integer({ min: 1, max: 8 }), (workers, most) => {
      const place = placeFor(workers, most);
      expect(place).toBeLessThan(most);
      expect(place).toBeLessThanOrEqual(workers.length);
      const fewest = Math.min(...workers.slice(0, most).map((worker) => worker.length));
      if (fewest > 0 && workers.length < most) expect(place).toBe(workers.length);
      else expect(workers[place]?.length).toBe(fewest);
    }),
  );
});

test('where the number of workers changes, databases move until all fit and no worker that could be begun is missing', () => {
  fc.assert(
    fc.property(loads, fc.integer({ min: 1, max: 8 }), (before, most) => {
      let workers = before;
      let moves = 0;
      for (let move = moveForCount(workers, most); move !== null; move = moveForCount(workers, most)) {
        workers = moved(workers, move);
        expect(++moves).toBeLessThanOrEqual(names(before).length);
      }
      expect(names(workers)).toEqual(names(before));
      expect(workers.slice(most).flat()).toEqual([]);
      const busy = workers.filter((worker) => worker.length > 0).length;
      expect(busy).toBe(Math.min(most, names(before).length));
    }),
  );
});

test('a move for the load takes at least a fifth from the busiest worker, and nobody gets more than it had', () => {
  fc.assert(
    fc.property(loads, (before) => {
      const sum = (worker: WorkerLoad): number => worker.reduce((total, { updates }) => total + updates, 0);
      const busiest = Math.max(...before.map(sum));
      const move = moveForLoad(before);
      if (move === null) return;
      const after = moved(before, move);
      expect(sum(after[move.from] ?? [])).toBeLessThan(busiest);
      expect(Math.max(sum(after[move.from] ?? []), sum(after[move.to] ?? []))).toBeLessThanOrEqual(0.8 * busiest);
    }),
  );
});

test('two busy databases do not stay with one worker, and one that is busy alone stays where it is', () => {
  const load = (name: string, updates: number): { name: string; updates: number } => ({ name, updates });
  expect(moveForLoad([[load('A', 9000), load('B', 8000)], [load('C', 10)]])).toEqual({ name: 'B', from: 0, to: 1 });
  expect(moveForLoad([[load('A', 9000), load('B', 10)], [load('C', 10)]])).toBeNull();
  expect(moveForLoad([[load('A', 400), load('B', 400)], []])).toBeNull();
});
