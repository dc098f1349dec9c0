import net from 'node:net';
import { GemelError } from '../api/errors.ts';

/** The first port from `first` on that nothing listens on here and nobody has been promised. */
export async function freePort(first: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = first; port <= 65535; port++) {
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new GemelError('PORT_IN_USE', `No port from ${first} on is free.`, '', 'Give a port.');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
