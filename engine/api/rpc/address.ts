import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { errorCode } from '../../io/error-code.ts';

/** sockaddr_un holds 108 bytes on Linux and 104 elsewhere, the closing zero included. */
const SOCKET_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;

/** Where a control socket really is. */
export interface SocketPlace {
  /** What to listen on or to connect to. */
  readonly address: string;
  /** Files to remove when the server ends. */
  readonly remove: readonly string[];
}

const isPipe = process.platform === 'win32';

/**
 * Chooses where to listen for a control socket known as `file`. Paths too long for the operating system get a
 * short one in a private directory of the temp folder; it is recorded beside `file`.
 */
export function placeSocket(file: string): SocketPlace {
  if (isPipe) return { address: pipeName(file), remove: [] };
  if (Buffer.byteLength(file) <= SOCKET_PATH_BYTES_MAX) return { address: file, remove: [file] };
  const recorded = recordedAddress(file);
  const address = recorded ?? path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-')), 's');
  fs.mkdirSync(path.dirname(address), { recursive: true, mode: 0o700 });
  fs.writeFileSync(recordFile(file), address, { mode: 0o600 });
  return { address, remove: [address, path.dirname(address), recordFile(file)] };
}

/** The address to connect to for the control socket known as `file`. */
export function findSocket(file: string): string {
  if (isPipe) return pipeName(file);
  if (Buffer.byteLength(file) <= SOCKET_PATH_BYTES_MAX) return file;
  return recordedAddress(file) ?? file;
}

function recordFile(file: string): string {
  return `${file}.path`;
}

function recordedAddress(file: string): string | undefined {
  try {
    return fs.readFileSync(recordFile(file), 'utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function pipeName(file: string): string {
  const digest = createHash('sha256').update(path.resolve(file).toLowerCase()).digest('hex').slice(0, 32);
  return `\\\\.\\pipe\\gemel-${digest}`;
}
