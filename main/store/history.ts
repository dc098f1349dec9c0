import type { Database, Statement } from 'better-sqlite3';
import { z } from 'zod';
import type { MemberLag, Metrics } from '../../engine/api/status.ts';
import { HistoryPoint, LagPoint } from '../contract/index.ts';
import type { MemberLags } from '../contract/index.ts';

/** Finest first: seconds for an hour, ten seconds for a day, five minutes for thirty days, hours for four hundred. */
const LEVELS = [
  { stepMs: 1000, keptMs: 3_600_000 },
  { stepMs: 10_000, keptMs: 86_400_000 },
  { stepMs: 300_000, keptMs: 30 * 86_400_000 },
  { stepMs: 3_600_000, keptMs: 400 * 86_400_000 },
] as const;
type Level = (typeof LEVELS)[number];
const COARSEST = LEVELS[3];
const PURGE_EVERY_SAMPLES = 300;

/** A stretch of time, drawn with at most so many points. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly maxPoints: number;
}

/** The finest level that still holds the whole stretch, and the length of its steps, ms: so many of the level's that the points suffice. */
function stepsOf({ from, to, maxPoints }: Stretch, now: number): { level: Level; width: number } {
  const level = LEVELS.find((l) => from >= now - l.keptMs) ?? COARSEST;
  // Two fewer, because the first and the last step are cut by the borders.
  const wanted = Math.ceil((to - from) / Math.max(1, maxPoints - 2));
  return { level, width: Math.max(1, Math.ceil(wanted / level.stepMs)) * level.stepMs };
}

/** Figures of instances over time, bounded: each sample is kept at every level for that level's time. */
export class HistoryStore {
  readonly #db: Database;
  readonly #add: Statement;
  readonly #purge: Statement;
  readonly #read: Statement;
  readonly #addLag: Statement;
  readonly #purgeLags: Statement;
  readonly #readLags: Statement;
  #sincePurge = 0;
  #lagsSincePurge = 0;

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
    const lags = ['receivedMs', 'receivedBytes', 'dejournaledMs', 'dejournaledBytes'];
    this.#addLag = db.prepare(`INSERT INTO lag VALUES (@mirror, @member, @step, @at, ${lags.map((l) => `@${l}`).join(', ')})
      ON CONFLICT DO UPDATE SET ${lags.map((l) => `${l} = ${worse(l)}`).join(', ')}`);
    this.#purgeLags = db.prepare('DELETE FROM lag WHERE step = ? AND at < ?');
    this.#readLags = db.prepare(`SELECT member, min(at) AS at, @width AS stepMs, ${lags.map((l) => `max(${l}) AS ${l}`).join(', ')} FROM lag
      WHERE mirror = @mirror AND step = @step AND at >= @from AND at <= @to GROUP BY member, at / CAST(@width AS INTEGER) ORDER BY 1, 2`);
  }

  /** @param at ms since the epoch on the console's clock */
  add(instance: string, at: number, metrics: Metrics): void {
    this.#db.transaction(() => {
      for (const { stepMs } of LEVELS) this.#add.run(row(instance, stepMs, at, metrics));
      if (++this.#sincePurge < PURGE_EVERY_SAMPLES) return;
      this.#sincePurge = 0;
      for (const { stepMs, keptMs } of LEVELS) this.#purge.run(stepMs, at - keptMs);
    })();
  }

  /** Oldest first, at most `maxPoints`. `now` decides which levels still hold `from`. */
  read(query: { instance: string } & Stretch, now: number): HistoryPoint[] {
    const { level, width } = stepsOf(query, now);
    const rows = this.#read.all({ instance: query.instance, step: level.stepMs, from: query.from, to: query.to, width });
    return rows.map((r) => HistoryPoint.parse(r));
  }

  /** How far each member of a mirror was behind, at that moment of the console's clock. */
  addLags(mirror: string, at: number, lags: readonly MemberLag[]): void {
    this.#db.transaction(() => {
      for (const { member, received, dejournaled } of lags) {
        const figures = {
          receivedMs: received.behindMs,
          receivedBytes: received.behindBytes,
          dejournaledMs: dejournaled.behindMs,
          dejournaledBytes: dejournaled.behindBytes,
        };
        for (const { stepMs } of LEVELS)
          this.#addLag.run({ mirror, member, step: stepMs, at: Math.floor(at / stepMs) * stepMs, ...figures });
      }
      if (++this.#lagsSincePurge < PURGE_EVERY_SAMPLES) return;
      this.#lagsSincePurge = 0;
      for (const { stepMs, keptMs } of LEVELS) this.#purgeLags.run(stepMs, at - keptMs);
    })();
  }

  /** By member's name, each oldest first, at most `maxPoints`. */
  readLags(query: { mirror: string } & Stretch, now: number): MemberLags[] {
    const { level, width } = stepsOf(query, now);
    const { mirror, from, to } = query;
    const lags = new Map<string, LagPoint[]>();
    for (const row of this.#readLags.all({ mirror, step: level.stepMs, from, to, width })) {
      const { member, ...point } = LagRow.parse(row);
      lags.set(member, [...(lags.get(member) ?? []), point]);
    }
    return [...lags].map(([member, points]) => ({ member, points }));
  }
}

const LagRow = LagPoint.extend({ member: z.string() });

function worse(column: string): string {
  return `CASE WHEN ${column} IS NULL THEN excluded.${column} WHEN excluded.${column} IS NULL THEN ${column} ELSE max(${column}, excluded.${column}) END`;
}

function row(instance: string, step: number, at: number, m: Metrics): Record<string, string | number | null> {
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
