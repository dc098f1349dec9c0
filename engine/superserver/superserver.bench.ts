/**
 * Commands a second through the superserver alone: GSET of 32-byte values under keys of about 20 bytes against the memory
 * executor, whose updates are durable at the end of the turn. The clients run in a process of their own.
 * Prints one line of JSON for each number of connections and depth of the pipeline:
 *   node engine/superserver/superserver.bench.ts [seconds]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { LockTable } from '../instance/locks.ts';
import { realClock } from '../io/index.ts';
import { MemoryExecutor } from './memory-executor.ts';
import { createSuperserver } from './superserver.ts';

const CASES = [
  { connections: 1, depth: 1 },
  { connections: 50, depth: 1 },
  { connections: 50, depth: 16 },
  { connections: 1000, depth: 16 },
];
const KEYS = 100_000;
const REPLY = Buffer.from('+OK\r\n');

function command(i: number): string {
  const reference = `^bench(${1_000_000 + (i % KEYS)},"v")`;
  return `*3\r\n$4\r\nGSET\r\n$${reference.length}\r\n${reference}\r\n$32\r\n${'v'.repeat(32)}\r\n`;
}

/** One client: keeps `depth` commands under way for ever. */
function load(port: number, depth: number, seed: number): void {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let next = seed;
  let missing = 0;
  const send = (): void => {
    let text = '';
    for (let i = 0; i < depth; i++) text += command(next++);
    missing = depth * REPLY.length;
    socket.write(text, 'latin1');
  };
  socket.on('connect', send);
  socket.on('data', (chunk: Buffer) => {
    missing -= chunk.length;
    if (missing === 0) send();
  });
}

async function measure(seconds: number, { connections, depth }: { connections: number; depth: number }): Promise<void> {
  const superserver = createSuperserver({
    executor: new MemoryExecutor(),
    locks: new LockTable(),
    clock: realClock,
    log: (severity, text) => console.error(severity, text),
  });
  const { port } = await superserver.listen('127.0.0.1', 0);
  const clients = fork(fileURLToPath(import.meta.url), ['load', String(port), String(connections), String(depth)]);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const before = { commands: superserver.metrics.commands, cpu: process.cpuUsage(), ms: performance.now() };
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const commands = superserver.metrics.commands - before.commands;
  const cpu = process.cpuUsage(before.cpu);
  const elapsed = (performance.now() - before.ms) / 1000;
  clients.kill();
  await once(clients, 'exit');
  await superserver.close();
  console.log(
    JSON.stringify({
      name: 'superserver-gset',
      connections,
      depth,
      perSecond: Math.round(commands / elapsed),
      perCpuSecond: Math.round(commands / ((cpu.user + cpu.system) / 1e6)),
      rssMB: Math.round(process.memoryUsage.rss() / 1e6),
    }),
  );
}

const [, , first = '3', port = '', connections = '', depth = ''] = process.argv;
if (first === 'load') for (let i = 0; i < Number(connections); i++) load(Number(port), Number(depth), i * 7919);
else for (const c of CASES) await measure(Number(first), c);
