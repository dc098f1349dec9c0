import net from 'node:net';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LockTable } from '../../instance/locks.ts';
import { realClock } from '../../io/index.ts';
import { createSuperserver } from '../../superserver/index.ts';
import { MemoryExecutor } from '../../superserver/memory-executor.ts';
import { Latencies } from './latencies.ts';
import { runLoad, spawnLoad } from './load.ts';

async function withServer<T>(act: (port: number, executor: MemoryExecutor) => Promise<T>): Promise<T> {
  const executor = new MemoryExecutor();
  const server = createSuperserver({ executor, locks: new LockTable(), clock: realClock, log: () => undefined });
  const { port } = await server.listen('127.0.0.1', 0);
  try {
    return await act(port, executor);
  } finally {
    await server.close();
  }
}

describe('the load generator', () => {
  it('counts as many updates as the server keeps keys, in a process of its own', async () => {
    await withServer(async (port, executor) => {
      const result = await spawnLoad({ port, connections: 3, pipeline: 4, keys: 50, valueBytes: 40, seconds: 0.3, warmupSeconds: 0 });
      expect(result).toMatchObject({ errors: 0, firstError: null });
      expect(result.operations).toBeGreaterThan(200);
      expect(executor.nodes.values.size).toBe(50);
      for (const value of executor.nodes.values.values()) expect(value).toMatch(/^\d{9}v{31}$/);
      expect(result.latencyMs.p50).toBeLessThanOrEqual(result.latencyMs.max);
    });
  });

  it('counts an update that a replica must have only when WAIT says so', async () => {
    await withServer(async (port, executor) => {
      const options = { port, command: 'SET', wait: true, connections: 2, pipeline: 3, keys: 9, seconds: 0.2, warmupSeconds: 0 } as const;
      expect(await runLoad(options)).toMatchObject({ operations: 0, firstError: 'WAIT answered 0' });
      executor.roleNow = { role: 'primary', mirror: 'M', peers: [{ host: 'h', port: 1, position: 0 }] };
      const result = await runLoad(options);
      expect(result.operations).toBeGreaterThan(20);
      expect(result.errors).toBe(0);
    });
  });

  it('counts errors apart, however the answers are cut', async () => {
    const server = net
      .createServer((socket) => {
        socket.setNoDelay(true);
        socket.on('error', () => undefined);
        socket.on('data', () => {
          // Four updates a batch: two errors, two good, in pieces that end inside lines.
          const pieces = ['-PROT', 'ECT no\r', '\n+OK', '\r\n-PROTECT no\r\n+', 'OK\r\n'];
          const next = (): void => {
            const piece = pieces.shift();
            if (piece !== undefined && socket.writable) socket.write(piece, () => setImmediate(next));
          };
          next();
        });
      })
      .listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const result = await runLoad({ port, connections: 1, pipeline: 4, seconds: 0.2, warmupSeconds: 0 });
    server.close();
    expect(result.firstError).toBe('-PROTECT no');
    expect(Math.abs(result.errors - result.operations)).toBeLessThanOrEqual(2);
    expect(result.operations).toBeGreaterThan(2);
  });

  it('says so when nothing answers', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, 'close');
    await expect(runLoad({ port })).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('latencies', () => {
  it('are right to within two in a hundred', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50_000_000 }), { minLength: 1, maxLength: 300 }),
        fc.constantFrom(0.5, 0.9, 0.99, 1),
        (durations, q) => {
          const latencies = new Latencies();
          for (const us of durations) latencies.record(us, 1);
          const exact = (durations.sort((a, b) => a - b)[Math.ceil(durations.length * q) - 1] ?? 0) / 1000;
          expect(latencies.quantileMs(q)).toBeGreaterThanOrEqual(exact);
          expect(latencies.quantileMs(q)).toBeLessThanOrEqual(exact * 1.02 + 0.001);
        },
      ),
    );
  });
});
