import fs from 'node:fs';
import path from 'node:path';
import { BackupResult } from '../../api/backup.ts';
import { GemelError } from '../../api/errors.ts';
import type { InstanceClient } from '../context.ts';
import { diskSpeed } from './asyncs/index.ts';
import type { BenchPair } from './bench-pair.ts';
import { lineOf, rounded, type BenchLine } from './line.ts';
import { spawnLoad, type LoadResult } from './load.ts';

const MB = 1024 * 1024;
const SPEED_MIN = 200;
const P99_MAX = 1.2;
const WAIT_MS = 30_000;
const SAMPLE_MS = 100;
/** The database is filled with such values first: a backup is to last longer than a moment. */
const FILL = { connections: 50, pipeline: 16, keys: 60_000, valueBytes: 8000 } as const;
const ROUNDS = 2;

interface Taken {
  readonly seconds: number;
  readonly mb: number;
  readonly ratio: number;
}

/** How fast the primary's database is backed up, and what backups one after the other cost the commits of 50 connections meanwhile. */
export async function* backups(pair: BenchPair, seconds: number, signal: AbortSignal): AsyncGenerator<BenchLine> {
  const client = await pair.connect();
  try {
    await spawnLoad(pair.load({ ...FILL, seconds: 2 * seconds }), signal);
    const database = (await client.call('db.list', {})).find(({ mirrored }) => mirrored);
    if (database === undefined) throw new GemelError('INTERNAL', 'The mirror of the benchmark has no database.');
    const log = path.join(database.directory, 'GEMEL.DAT-wal');
    const quiet = await take(client, pair.root, database.name);
    const [without, during]: [LoadResult[], LoadResult[]] = [[], []];
    const taken: Taken[] = [];
    let logBytes = 0;
    // In turns, so that what else the machine does meets both.
    for (let round = 0; round < ROUNDS; round++) {
      without.push(await spawnLoad(pair.load({ connections: 50, seconds }), signal));
      const load = spawnLoad(pair.load({ connections: 50, seconds }), signal);
      let isLoaded = true;
      const ended = load.finally(() => (isLoaded = false));
      // Whoever awaits `load` hears of its end.
      ended.catch(() => undefined);
      const sampler = setInterval(() => {
        logBytes = Math.max(logBytes, fs.statSync(log, { throwIfNoEntry: false })?.size ?? 0);
      }, SAMPLE_MS);
      try {
        while (isLoaded) taken.push(await take(client, pair.root, database.name));
      } finally {
        clearInterval(sampler);
      }
      during.push(await load);
    }
    const diskMBs = diskSpeed(pair.root);
    const context = {
      databaseMB: rounded(quiet.mb),
      compressedTo: rounded(quiet.ratio),
      diskMBs: rounded(diskMBs),
      underLoadMBs: rounded(mean(taken.map(({ mb, seconds: lasted }) => mb / lasted))),
      backupsUnderLoad: taken.length,
      logMBMax: rounded(logBytes / MB),
    };
    yield lineOf({
      name: 'backup',
      value: quiet.mb / quiet.seconds,
      unit: 'MB/s',
      goal: { atLeast: Math.min(SPEED_MIN, diskMBs) },
      errors: 0,
      context,
    });
    const p99 = (runs: readonly LoadResult[]): number[] => runs.map(({ latencyMs }) => latencyMs.p99);
    yield lineOf({
      name: 'backup-p99',
      value: mean(p99(during)) / mean(p99(without)),
      unit: 'of that without',
      goal: { atMost: P99_MAX },
      errors: [...without, ...during].reduce((sum, { errors }) => sum + errors, 0),
      context: {
        ...context,
        p99Ms: mean(p99(during)),
        p99MsWithout: p99(without),
        p99MsDuring: p99(during),
        perSecondWithout: without.map(({ perSecond }) => Math.round(perSecond)),
        perSecond: during.map(({ perSecond }) => Math.round(perSecond)),
        firstError: [...without, ...during].find(({ firstError }) => firstError !== null)?.firstError ?? null,
      },
    });
  } finally {
    client.close();
  }
}

async function take(client: InstanceClient, root: string, database: string): Promise<Taken> {
  const file = path.join(root, 'nodes.backup');
  const begun = performance.now();
  const { job } = await client.call('db.backup', { databases: [database], file });
  for (;;) {
    const now = await client.call('job.get', { job, waitMs: WAIT_MS }, 2 * WAIT_MS);
    if (now.state === 'running') continue;
    const seconds = (performance.now() - begun) / 1000;
    if (now.error !== null) throw new GemelError('INTERNAL', `The backup failed: ${now.error.what}`);
    const { bytes, fileBytes } = BackupResult.parse(now.result);
    fs.rmSync(file);
    return { seconds, mb: bytes / MB, ratio: fileBytes / bytes };
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
