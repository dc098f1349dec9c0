import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const PIECE = Buffer.alloc(256 * 1024, 'journal ');
const MB = 1024 * 1024;
const MEASURE_MS = 500;

/** What one process sends to itself over a socket of this computer, MB/s. */
export async function lineSpeed(): Promise<number> {
  let received = 0;
  const server = net.createServer((socket) => socket.on('data', (bytes) => (received += bytes.length)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const socket = net.connect({ host: '127.0.0.1', port: typeof address === 'object' && address !== null ? address.port : 0 });
  const begun = performance.now();
  try {
    while (performance.now() - begun < MEASURE_MS) {
      if (!socket.write(PIECE)) await new Promise((resolve) => socket.once('drain', resolve));
    }
    return received / MB / ((performance.now() - begun) / 1000);
  } finally {
    socket.destroy();
    server.close();
  }
}

/** What the disk of that folder takes of a new file, synced at the end, MB/s. */
export function diskSpeed(folder: string): number {
  const file = path.join(folder, 'speed');
  const fd = fs.openSync(file, 'w');
  const begun = performance.now();
  let written = 0;
  try {
    while (performance.now() - begun < MEASURE_MS) written += fs.writeSync(fd, PIECE);
    fs.fdatasyncSync(fd);
    return written / MB / ((performance.now() - begun) / 1000);
  } finally {
    fs.closeSync(fd);
    fs.rmSync(file);
  }
}
