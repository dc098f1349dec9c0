import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { GemelError } from '../../api/errors.ts';
import { runAgentProcess } from '../host.ts';

/** An agent whose side towards other hosts only listens: for tests of this host's side. */
await runAgentProcess(process.argv.slice(2), async ({ host, port }) => {
  const server = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(new GemelError('PORT_IN_USE', `Port ${port} is in use.`, '', 'Choose another.')));
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    host: address.address,
    port: address.port,
    arbiterFor: () => ['DEMO'],
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
});
