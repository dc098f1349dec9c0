import type { Database, Statement } from 'better-sqlite3';
import type { z } from 'zod';
import type { Metrics } from '../../engine/api/status.ts';
import { HistoryPoint } from '../contract/index.ts';

/** Finest first: seconds for an hour, ten seconds for a day, five minutes for thirty days. */
const LEVELS = [
  { stepMs: 1000, keptMs: 3_600_000 },
  { stepMs: 10_000, keptMs: 86_400_000 },
  { stepMs: 300_000, keptMs: 30 * 86_400_000 },
] as const;
const COARSEST = LEVELS[LEVELS.length - 1] as (typeof LEVELS)[2];
const PURGE_EVERY_SAMPLES = 300;

/** Figures of instances over time, bounded: each sample is kept at every level for that level's time. */
export class HistoryStore {
  readonly #db: Database;
  readonly #add: Statement;
  readonly #purge: Statement;
  readonly #read: Statement;
  #sincePurge = 0;

  constructor(db: Database) {
    this.#db = db;
    // Means for rates, the worst for latencies and stalls: a peak must not vanish when its second does.
    this.#add =
      db.prepare(`INSERT INTO sample VALUES (@instance, @step, @at, 1, @updates, @journal, @p50, @p99, @worst, @stall, @clients, @memory)
      ON CONFLICT DO UPDATE SET n = n + 1,
        updates = (updates * n + excluded.updates) / (n + 1), journal = (journal * n + excluded.journal) / (n + 1),
        clients = (clients * n + excluded.clients) / (n + 1), memory = (memory * n + excluded.memory) / (n + 1),
        p50 = ${worse('p50')}, p99 = ${worse('p99')}, worst = ${worse('worst')}, stall = max(stall, excluded.stall)`);
    this.#purge = db.prepare('DELETE FROM sample WHERE step = ? AND at < ?');
    this.#read =
      db.prepare(`SELECT min(at) AS at, @width AS stepMs, sum(updates * n) / sum(n) AS updatesPerS, sum(journal * n) / sum(n) AS journalKBs,
        max(p50) AS latencyMsP50, max(p99) AS latencyMsP99, max(worst) AS latencyMsMax, max(stall) AS stallMsMax,
        sum(clients * n) / sum(n) AS clients, sum(memory * n) / sum(n) AS memoryMB
      FROM sample WHERE instance = @instance AND step = @step AND at >= @from AND at <= @to GROUP BY at / CAST(@width AS INTEGER) ORDER BY 1`);
  }

  /** @param at ms since the epoch on the console's clock */
  add(instance: string, at: number, metrics: z.infer<typeof Metrics>): void {
    this.#db.transaction(() => {
      for (const { stepMs } of LEVELS) this.#add.run(row(instance, stepMs, at, metrics));
      if (++this.#sincePurge < PURGE_EVERY_SAMPLES) return;
      this.#sincePurge = 0;
      for (const { stepMs, keptMs } of LEVELS) this.#purge.run(stepMs, at - keptMs);
    })();
  }

  /** Oldest first, at most `maxPoints`. `now` decides which levels still hold `from`. */
  read(query: { instance: string; from: number; to: number; maxPoints: number }, now: number): HistoryPoint[] {
    const level = LEVELS.find((l) => query.from >= now - l.keptMs) ?? COARSEST;
    // Two fewer, because the first and the last step are cut by the borders.
    const wanted = Math.ceil((query.to - query.from) / Math.max(1, query.maxPoints - 2));
    const width = Math.max(1, Math.ceil(wanted / level.stepMs)) * level.stepMs;
    const rows = this.#read.all({ instance: query.instance, step: level.stepMs, from: query.from, to: query.to, width });
    return rows.map((r) => HistoryPoint.parse(r));
  }
}

function worse(column: string): string {
  return `CASE WHEN ${column} IS NULL THEN excluded.${column} WHEN excluded.${column} IS NULL THEN ${column} ELSE max(${column}, excluded.${column}) END`;
}

function row(instance: string, step: number, at: number, m: z.infer<typeof Metrics>): Record<string, string | number | null> {
  const latency = m.commitLatencyMs;
  return {
    instance,
    step,
    at: Math.floor(at / step) * step,
    updates: m.updatesPerS,
    journal: m.journalKBs,
    p50: latency?.p50 ?? null,
    p99: latency?.p99 ?? null,
    worst: latency?.max ?? null,
    stall: m.executorStallMsMax,
    clients: m.clients,
    memory: m.memoryMB,
  };
}
