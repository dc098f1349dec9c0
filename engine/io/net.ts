import net from 'node:net';

/** A byte stream to another process. Callbacks are set by its one user. */
export interface Connection {
  /** The other end, for messages. */
  readonly remote: string;
  onData: (bytes: Buffer) => void;
  /** Once, however it ended. */
  onClose: (why: string) => void;
  onDrain: () => void;
  /** False: more than a little waits to be sent; `onDrain` follows. */
  write(bytes: Uint8Array): boolean;
  /** Bytes handed over and not yet given to the system. */
  readonly pending: number;
  close(): void;
}

export interface Net {
  /** Rejects with the system's reason, or after `timeoutMs`. */
  connect(host: string, port: number, timeoutMs: number): Promise<Connection>;
  /**
   * Takes connections.
   * @param port 0: any free one
   * @param accept called for each; its callbacks are set before it returns
   * @throws the system's reason, as `EADDRINUSE` or `EACCES` in `code`
   */
  listen(host: string, port: number, accept: (connection: Connection) => void): Promise<Listener>;
}

/** A port that takes connections. */
export interface Listener {
  readonly port: number;
  /** Takes no more; resolves once those it took are closed too. */
  close(): Promise<void>;
}

/** Wraps a connected socket; `head` are bytes already read from it. */
export function socketConnection(socket: net.Socket, head?: Buffer): Connection {
  socket.setNoDelay(true);
  let reason = 'closed by the other side';
  const connection: Connection = {
    remote: `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`,
    onData: () => undefined,
    onClose: () => undefined,
    onDrain: () => undefined,
    write: (bytes) => (socket.writable ? socket.write(bytes) : false),
    get pending() {
      return socket.writableLength;
    },
    close: () => {
      reason = 'closed here';
      socket.destroy();
    },
  };
  socket.on('data', (bytes: Buffer) => connection.onData(bytes));
  socket.on('drain', () => connection.onDrain());
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('close', () => connection.onClose(reason));
  socket.on('end', () => socket.destroy());
  if (head !== undefined && head.length > 0) setImmediate(() => connection.onData(head));
  return connection;
}

export const realNet: Net = {
  connect: (host, port, timeoutMs) =>
    new Promise((resolve, reject) => {
      const socket = net.connect({ host, port });
      const timer = setTimeout(() => socket.destroy(new Error(`no answer from ${host}:${port} within ${timeoutMs} ms`)), timeoutMs);
      socket.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.removeAllListeners('error');
        resolve(socketConnection(socket));
      });
    }),
  listen: (host, port, accept) =>
    new Promise((resolve, reject) => {
      const server = net.createServer((socket) => accept(socketConnection(socket)));
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        const address = server.address();
        resolve({
          port: typeof address === 'object' && address !== null ? address.port : port,
          close: () => new Promise((closed) => server.close(() => closed())),
        });
      });
    }),
};
