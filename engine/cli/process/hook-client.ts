import net from 'node:net';
import { GemelError } from '../../api/errors.ts';
import type { HookClient } from '../../mirror/index.ts';
import type { Superserver } from '../../superserver/index.ts';
import { RespClient } from '../resp-client.ts';

/**
 * The client of a hook: commands of the superserver over a connection that nobody else gets. Connects with the first
 * command. Its updates are not waited for: they stand in the journal before anything that is acknowledged to a client later.
 */
export function hookClient(superserver: Superserver): HookClient & { close(): void } {
  let client: Promise<RespClient> | null = null;
  let closed = false;
  return {
    async command(args) {
      if (closed) throw new GemelError('REFUSED', 'The hook has ended.');
      client ??= connectAlone(superserver);
      return (await client).command(...args);
    },
    close() {
      closed = true;
      // It never came to be: then there is nothing to close.
      client?.then(
        (each) => each.close(),
        () => undefined,
      );
    },
  };
}

async function connectAlone(superserver: Superserver): Promise<RespClient> {
  const door = net.createServer({ noDelay: true });
  await new Promise<void>((resolve, reject) => {
    door.once('error', reject);
    door.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  const waiting: net.Socket[] = [];
  let take = (socket: net.Socket): void => void waiting.push(socket);
  door.on('connection', (socket) => take(socket));
  const address = door.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    const client = await RespClient.connect('127.0.0.1', port);
    take = (socket) => {
      // Whoever else knocks in this moment is no hook.
      if (socket.remotePort === client.localPort) superserver.attach(socket);
      else socket.destroy();
    };
    for (const socket of waiting.splice(0)) take(socket);
    for (const setting of [
      ['CLIENT', 'DURABILITY', 'async'],
      ['CLIENT', 'READS', 'local'],
    ])
      await client.command(...setting);
    return client;
  } finally {
    door.close();
  }
}
