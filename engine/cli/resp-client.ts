import net from 'node:net';
import { GemelError } from '../api/errors.ts';

/** What a superserver answers. Text is UTF-8 unless the connection was made for bytes. */
export type RespValue = string | number | null | readonly RespValue[];

/** An error that the superserver answered: `code` is its first word. */
export class RespError extends Error {
  readonly code: string;
  readonly sentence: string;

  constructor(text: string) {
    super(text);
    this.name = 'RespError';
    const space = text.indexOf(' ');
    this.code = space < 0 ? text : text.slice(0, space);
    this.sentence = space < 0 ? '' : text.slice(space + 1);
  }
}

const CR = 0x0d;

/** A connection to a superserver, for the commands of this package: one answer for each command, in order. */
export class RespClient {
  readonly #socket: net.Socket;
  readonly #waiting: { resolve(value: RespValue): void; reject(error: Error): void }[] = [];
  #input: Buffer = Buffer.alloc(0);
  #gone: GemelError | undefined;
  readonly #encoding: 'utf8' | 'latin1';

  private constructor(socket: net.Socket, encoding: 'utf8' | 'latin1') {
    this.#socket = socket;
    this.#encoding = encoding;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#lose());
  }

  /**
   * @param encoding 'latin1': each character of a text is one byte
   * @throws UNREACHABLE
   */
  static connect(host: string, port: number, encoding: 'utf8' | 'latin1' = 'utf8'): Promise<RespClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host, port });
      socket.once('error', (error) =>
        reject(
          new GemelError(
            'UNREACHABLE',
            `Nothing answers on ${host}:${port}: ${error.message}.`,
            '',
            'Look whether the instance is running.',
          ),
        ),
      );
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        resolve(new RespClient(socket, encoding));
      });
    });
  }

  /** Throws RespError for an error reply, UNREACHABLE when the connection is lost. */
  command(...args: readonly string[]): Promise<RespValue> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const parts = args.map((arg) => Buffer.from(arg, this.#encoding));
    this.#socket.cork();
    this.#socket.write(`*${parts.length}\r\n`);
    for (const part of parts) {
      this.#socket.write(`$${part.length}\r\n`);
      this.#socket.write(part);
      this.#socket.write('\r\n');
    }
    this.#socket.uncork();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  close(): void {
    this.#socket.end();
  }

  /** The port the connection comes from. */
  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  #lose(): void {
    this.#gone = new GemelError(
      'UNREACHABLE',
      'The connection to the instance was lost.',
      'What was committed and acknowledged is safe; an open transaction is rolled back.',
      'Connect again.',
    );
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#gone);
  }

  #read(chunk: Buffer): void {
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    let at = 0;
    for (;;) {
      const parsed = parseReply(this.#input, at, this.#encoding);
      if (parsed === undefined) break;
      at = parsed.end;
      const waiting = this.#waiting.shift();
      if (parsed.value instanceof RespError) waiting?.reject(parsed.value);
      else waiting?.resolve(parsed.value);
    }
    this.#input = this.#input.subarray(at);
  }
}

interface Parsed {
  readonly value: RespValue | RespError;
  readonly end: number;
}

/** One RESP2 reply at `from`; undefined while it is not complete. */
function parseReply(input: Buffer, from: number, encoding: 'utf8' | 'latin1'): Parsed | undefined {
  const lineEnd = input.indexOf(CR, from);
  if (lineEnd < 0 || lineEnd + 1 >= input.length) return undefined;
  const text = input.toString('utf8', from + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(input[from] ?? 0)) {
    case '+':
      return { value: text, end };
    case '-':
      return { value: new RespError(text), end };
    case ':':
      return { value: Number(text), end };
    case '$':
      return parseBulk(input, end, Number(text), encoding);
    case '*':
      return parseArray(input, end, Number(text), encoding);
    default:
      throw new GemelError('UNREACHABLE', 'What answers there is not a superserver.', '', 'Check the port.');
  }
}

function parseBulk(input: Buffer, from: number, length: number, encoding: 'utf8' | 'latin1'): Parsed | undefined {
  if (length < 0) return { value: null, end: from };
  if (input.length < from + length + 2) return undefined;
  return { value: input.toString(encoding, from, from + length), end: from + length + 2 };
}

function parseArray(input: Buffer, from: number, length: number, encoding: 'utf8' | 'latin1'): Parsed | undefined {
  if (length < 0) return { value: null, end: from };
  const items: RespValue[] = [];
  let end = from;
  for (let n = 0; n < length; n++) {
    const item = parseReply(input, end, encoding);
    if (item === undefined) return undefined;
    if (item.value instanceof RespError) return { value: item.value, end: item.end };
    items.push(item.value);
    end = item.end;
  }
  return { value: items, end };
}
