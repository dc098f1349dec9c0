import net from 'node:net';

/**
 * `delay-process.ts ADDRESS PORT TARGET-PORT DELAY-MS`: passes connections to another port of the same host. What that port
 * sends is held back here for a while: bytes that are lost when this process is killed, though the sender has sent them.
 */

const [address = '', port = '', target = '', delayMs = ''] = process.argv.slice(2);

net
  .createServer((outer) => {
    const inner = net.connect({ host: address, port: Number(target) });
    const end = (): void => {
      outer.destroy();
      inner.destroy();
    };
    for (const socket of [outer, inner]) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    outer.on('data', (bytes) => inner.write(bytes));
    inner.on('data', (bytes) => setTimeout(() => outer.write(bytes), Number(delayMs)));
  })
  .listen({ host: address, port: Number(port) }, () => process.send?.('listening'));
process.on('disconnect', () => process.exit());
