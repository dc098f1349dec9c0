import net from 'node:net';
import { GemelError } from '../api/errors.ts';

/** The first port from `first` on that nothing listens on here and nobody has been promised. */
export async function freePort(first: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = first; port <= 65535; port++) {
    if (!taken.has(port) && (await listenOnce(port)) !== undefined) return port;
  }
  throw new GemelError('PORT_IN_USE', `No port from ${first} on is free.`, '', 'Give a port.');
}

/** A port that nothing listens on now, chosen by the system. */
export async function anyFreePort(): Promise<number> {
  const port = await listenOnce(0);
  if (port !== undefined) return port;
  throw new GemelError('PORT_IN_USE', 'The system has no free port.', '', 'Give a port.');
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
