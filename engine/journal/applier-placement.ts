/** How many workers a journal may have, whatever the machine. */
const workersMax = 16;
/** A worker's share of the machine's memory is at least this: a batch, and the page cache of its databases. */
const workerMemoryBytes = 1024 * 1024 * 1024;
/** Updates between two looks below which there is nothing worth spreading. */
const loadMin = 1000;
/** A move is worth it when the busiest worker has at most this part of its load left, or the one that takes over. */
const gainMin = 0.8;

/** What a worker feeds: by name, with the updates that each took since the last look. */
export type WorkerLoad = readonly { readonly name: string; readonly updates: number }[];

export interface Move {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Workers that a machine has room for. */
export function workersFor(machine: { readonly processors: number; readonly memoryBytes: number }): number {
  return Math.max(1, Math.min(workersMax, machine.processors, Math.floor(machine.memoryBytes / workerMemoryBytes)));
}

/** Which worker (by its place) feeds a database that comes in; `workers.length`: a new one. Of a database that comes in nobody knows yet how busy it will be. */
export function placeFor(workers: readonly WorkerLoad[], most: number): number {
  const free = workers.findIndex((worker) => worker.length === 0);
  if (free >= 0 && free < most) return free;
  if (workers.length < most) return workers.length;
  const sizes = workers.slice(0, most).map((worker) => worker.length);
  return sizes.indexOf(Math.min(...sizes));
}

/** The next database that has to move because of the number of workers alone: there are too many of them, or one could still be begun. null: none. */
export function moveForCount(workers: readonly WorkerLoad[], most: number): Move | null {
  const surplus = workers.findIndex((worker, n) => n >= most && worker.length > 0);
  const from = surplus >= 0 ? surplus : workers.findIndex((worker) => worker.length > 1);
  const moved = workers[from]?.at(-1);
  if (moved === undefined) return null;
  if (surplus >= 0) return { name: moved.name, from, to: placeFor(workers.slice(0, most), most) };
  const to = placeFor(workers, most);
  return to >= workers.length || workers[to]?.length === 0 ? { name: moved.name, from, to } : null;
}

/** The move that takes most from the busiest worker; null: none is worth it. */
export function moveForLoad(workers: readonly WorkerLoad[]): Move | null {
  const loads = workers.map((worker) => worker.reduce((sum, { updates }) => sum + updates, 0));
  const [busiest, idlest] = [Math.max(...loads), Math.min(...loads)];
  const [from, to] = [loads.indexOf(busiest), loads.indexOf(idlest)];
  let best: Move | null = null;
  let left = gainMin * busiest;
  for (const { name, updates } of workers[from] ?? []) {
    const after = Math.max(busiest - updates, idlest + updates);
    if (busiest < loadMin || updates === 0 || after > left) continue;
    left = after;
    best = { name, from, to };
  }
  return best;
}
