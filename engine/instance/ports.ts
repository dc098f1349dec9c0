import net from 'node:net';
import { GemelError } from '../api/errors.ts';
import { realRandom } from '../io/random.ts';

/** The first port from `first` on that nothing listens on here and nobody has been promised. */
export async function freePort(first: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = first; port <= 65535; port++) {
    if (!taken.has(port) && (await listenOnce(port)) !== undefined) return port;
  }
  throw new GemelError('PORT_IN_USE', `No port from ${first} on is free.`, '', 'Give a port.');
}

/**
 * Below what systems take the other end of a connection from (32768 on Linux, 49152 elsewhere): a port from there may be in use by
 * anybody's connection when who had it is started again.
 */
const LASTING = { first: 10_000, count: 22_000 };
const TRIES = 100;

/** A port that nothing listens on now, and that whoever is stopped and started again will most likely find free. */
export async function anyFreePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = LASTING.first + (realRandom.bytes(4).readUInt32LE() % LASTING.count);
    if ((await listenOnce(port)) !== undefined) return port;
  }
  throw new GemelError('PORT_IN_USE', 'The system has no free port.', '', 'Give a port.');
}

/** So many different ones. */
export async function anyFreePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) found.add(await anyFreePort());
  return [...found];
}

/** The port that could be listened on; undefined when it is taken. */
function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
