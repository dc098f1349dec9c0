import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realIo } from '../io/io.ts';
import { Journal } from './journal.ts';
import { ThreadDisk } from './thread-disk.ts';
import { JournalWriter } from './writer.ts';

/* Prints one JSON line a figure: what a record costs on the caller's thread, and durable updates a second with so many waiting. */

const member = '00000000-0000-4000-8000-000000000001';
const identity = { kind: 'local', name: '', guid: member } as const;
const value = 'v'.repeat(32);
const key = (i: number): string => `bench\0key:${String(i % 500_000).padStart(9, '0')}`;

function print(name: string, figure: number, unit: string, context: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ name, value: Number(figure.toFixed(3)), unit, context })}\n`);
}

async function withWriter(run: (writer: JournalWriter, database: number) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gemel-journal-bench-'));
  const journal = Journal.open({ io: realIo, directory, journal: identity, member });
  const writer = await JournalWriter.open({ io: realIo, journal, disk: new ThreadDisk(), epoch: { major: 1, minor: 0, member } });
  await run(writer, writer.bind({ name: 'BENCH', guid: member }));
  await writer.abandon();
  rmSync(directory, { recursive: true, force: true });
}

async function encoding(records: number): Promise<void> {
  await withWriter(async (writer, database) => {
    const keys = Array.from({ length: 1000 }, (_, i) => key(i * 37));
    let spent = 0;
    for (let done = 0; done < records; done += 20_000) {
      const begun = performance.now();
      for (let i = 0; i < 20_000; i++) writer.set(database, keys[i % 1000] ?? '', value, value, 0, 1);
      spent += performance.now() - begun;
      await writer.settled();
    }
    print('journal.encode', (spent * 1e6) / records, 'ns/record');
  });
}

/** `waiting` callers, each recording its next update when its last one is durable. */
async function commits(waiting: number, seconds: number): Promise<void> {
  await withWriter(async (writer, database) => {
    let done = 0;
    let blocks = 0;
    let pending = 0;
    const record = (): void => {
      for (; pending < waiting; pending++) writer.set(database, key(done + pending), value, value, 0, pending);
    };
    writer.onDurable(() => {
      blocks++;
      done += pending;
      pending = 0;
      if (performance.now() < until) record();
    });
    const begun = performance.now();
    const until = begun + seconds * 1000;
    const cpu = process.cpuUsage();
    record();
    while (performance.now() < until) await writer.settled();
    const took = (performance.now() - begun) / 1000;
    const used = process.cpuUsage(cpu);
    print('journal.commits', done / took, '1/s', {
      waiting,
      blocksPerS: Math.round(blocks / took),
      p50Ms: writer.latency.quantile(0.5),
      p99Ms: writer.latency.quantile(0.99),
      maxMs: writer.latency.max,
      cpuShare: (used.user + used.system) / 1e6 / took,
    });
  });
}

await encoding(1_000_000);
for (const waiting of [1, 16, 50]) await commits(waiting, 3);
