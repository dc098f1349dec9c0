import net from 'node:net';
import { GemelError } from '../api/errors.ts';
import type { Clock } from '../io/index.ts';
import { errorCode } from '../io/error-code.ts';
import { Complaints, type Log } from './complaints.ts';

/** How long somebody from elsewhere may be connected without saying who it is. */
const FIRST_BYTES_MS_MAX = 10_000;

const NOT_LET_IN =
  '-NOAUTH Clients are let in from this computer only, because this version has no users and passwords yet. ' +
  'Connect on the computer itself, or through a tunnel to it such as ssh -L.\r\n';

export interface SharedPortOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Name of the instance, for the error that says how to take another port. */
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How a connection of another mirror member begins. */
  readonly magic: Buffer;
  /** Gets a connection of another mirror member, with what was read from it. */
  readonly member: (socket: net.Socket, head: Buffer) => void;
  /** Gets a client's connection, with what was read from it. */
  readonly client: (socket: net.Socket, head: Buffer) => void;
}

export interface SharedPort {
  readonly port: number;
  /** Stops listening, and cuts who has not said anything yet. */
  close(): void;
}

/**
 * One port for clients and for the other mirror members: the first bytes tell them apart. Members may come from
 * anywhere (their channel has its own rules); clients only from this computer, since they cannot log in yet.
 * Throws PORT_IN_USE, RIGHTS, IO, each naming port and setting.
 */
export async function listenShared(options: SharedPortOptions): Promise<SharedPort> {
  const complaints = new Complaints(options.clock, options.log);
  const silent = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
    awaitFirstBytes(socket, options.magic, (head) => {
      silent.delete(socket);
      if (head.subarray(0, options.magic.length).equals(options.magic)) options.member(socket, head);
      else if (isLocal(socket)) options.client(socket, head);
      else turnAway(socket, complaints);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, options)));
    server.listen({ host: options.host, port: options.port }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => {
      server.close();
      for (const socket of silent) socket.destroy();
    },
  };
}

/** Calls `route` once there are enough bytes to tell a member from a client. The socket is paused meanwhile. */
function awaitFirstBytes(socket: net.Socket, magic: Buffer, route: (head: Buffer) => void): void {
  let head: Buffer = Buffer.alloc(0);
  const drop = (): void => void socket.destroy();
  const read = (bytes: Buffer): void => {
    head = Buffer.concat([head, bytes]);
    if (head.length < magic.length && magic.subarray(0, head.length).equals(head)) return;
    socket.pause();
    socket.setTimeout(0);
    for (const event of ['error', 'timeout', 'end'] as const) socket.off(event, drop);
    socket.off('data', read);
    route(head);
    socket.resume();
  };
  for (const event of ['error', 'timeout', 'end'] as const) socket.on(event, drop);
  socket.on('data', read);
  if (!isLocal(socket)) socket.setTimeout(FIRST_BYTES_MS_MAX);
}

const loopback = new net.BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether the other end is this computer: by loopback, or by an address of its own. */
function isLocal({ remoteAddress, localAddress }: net.Socket): boolean {
  if (remoteAddress === undefined) return false;
  return remoteAddress === localAddress || loopback.check(remoteAddress, net.isIPv6(remoteAddress) ? 'ipv6' : 'ipv4');
}

function turnAway(socket: net.Socket, complaints: Complaints): void {
  complaints.write(
    'client from elsewhere',
    `A client from ${socket.remoteAddress ?? '?'} was turned away: clients are let in from this computer only.`,
  );
  // What it does with the answer is its own affair.
  socket.on('error', () => socket.destroy());
  socket.resume();
  socket.end(NOT_LET_IN, () => socket.destroy());
}

function listenError(error: Error, { host, port, instance }: SharedPortOptions): GemelError {
  const safe = 'The instance was not started.';
  const other = `take another port: gemel instance start ${instance} --superserver-port PORT`;
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new GemelError('PORT_IN_USE', `The superserver port ${port} on ${host} is in use.`, safe, `Stop what uses it, or ${other}`);
    case 'EACCES':
      return new GemelError('RIGHTS', `The instance may not listen on port ${port}.`, safe, `Choose one above 1023: ${other}`);
    default:
      return new GemelError(
        'IO',
        `The superserver cannot listen on ${host}:${port}: ${error.message}.`,
        safe,
        'Check ListenAddress in gemel.cpf.',
      );
  }
}
