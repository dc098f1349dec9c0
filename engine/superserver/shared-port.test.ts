import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listenShared } from './shared-port.ts';
import { ManualClock } from './test-support.ts';

const MAGIC = Buffer.from('GMLM\x01', 'latin1');
/** An address of this computer that is not loopback: who connects from it looks as if from elsewhere. */
const elsewhere = Object.values(os.networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

async function openPort(): Promise<{ port: number; close: () => void; log: string[] }> {
  const log: string[] = [];
  const echo = (who: string) => (socket: net.Socket, head: Buffer) => socket.end(`${who}:${head.toString('latin1')}`);
  const { port, close } = await listenShared({
    host: '127.0.0.1',
    port: 0,
    instance: 'A',
    clock: new ManualClock(),
    log: (_severity, line) => log.push(line),
    magic: MAGIC,
    member: echo('member'),
    client: echo('client'),
  });
  onTestFinished(close);
  return { port, close, log };
}

async function connect(port: number, localAddress?: string): Promise<net.Socket> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('the port for clients and members', () => {
  it('tells them apart by their first bytes, however these are cut', async () => {
    const { port } = await openPort();
    for (const [pieces, expected] of [
      [['*1\r\n$4\r\nPING\r\n'], 'client:*1\r\n$4\r\nPING\r\n'],
      [['GMLM\x01more'], 'member:GMLM\x01more'],
      [['G', 'ML', 'M\x01'], 'member:GMLM\x01'],
      [['GM', 'ET x'], 'client:GMET x'],
    ] as const) {
      const socket = await connect(port);
      const answer = text(socket);
      for (const piece of pieces) await new Promise((sent) => socket.write(Buffer.from(piece, 'latin1'), () => setImmediate(sent)));
      expect(await answer).toBe(expected);
    }
  });

  it.skipIf(elsewhere === undefined)('lets members in from everywhere, clients from this computer alone', async () => {
    const { port, log } = await openPort();
    const member = await connect(port, elsewhere);
    member.end(MAGIC);
    expect(await text(member)).toBe(`member:${MAGIC.toString('latin1')}`);
    const client = await connect(port, elsewhere);
    client.write('PING\r\n');
    expect(await text(client)).toMatch(/^-NOAUTH [^\r\n]+\r\n$/);
    expect(log).toEqual([expect.stringContaining(`from ${elsewhere}`)]);
  });

  it('cuts who has not said anything when it closes', async () => {
    const { port, close } = await openPort();
    const silent = await connect(port);
    // Once a later connection was answered, the earlier one has been taken in too.
    const other = await connect(port);
    other.end('PING\r\n');
    await text(other);
    const ended = once(silent, 'close');
    silent.resume();
    close();
    await ended;
  });

  it('says which port is in use, and by which command it is changed', async () => {
    const { port } = await openPort();
    const nothing = (): void => undefined;
    const again = listenShared({
      host: '127.0.0.1',
      port,
      instance: 'A',
      clock: new ManualClock(),
      log: nothing,
      magic: MAGIC,
      member: nothing,
      client: nothing,
    });
    await expect(again).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      what: expect.stringContaining(String(port)),
      todo: expect.stringContaining('gemel instance start A --superserver-port'),
    });
  });
});
