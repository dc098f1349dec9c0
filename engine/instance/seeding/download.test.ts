import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import { realFiles } from '../../io/index.ts';
import { SEED_PIECE_BYTES } from '../../mirror/index.ts';
import { download } from './download.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-download-'));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));
let runs = 0;

/** Never the same in two pieces. */
const content = Buffer.concat(
  Array.from({ length: 400 }, (_, n) => createHash('sha512').update(String(n)).digest()).flatMap((each) =>
    Array.from({ length: 80 }, () => each),
  ),
);

/** A member's backup, over a connection that is lost after so many pieces. */
class Lossy {
  asked: number[] = [];
  left = 0;
  most = 0;
  #open = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  async piece(_: string, offset: number): Promise<Uint8Array> {
    this.asked.push(offset);
    this.#open += 1;
    this.most = Math.max(this.most, this.#open);
    await new Promise((resolve) => setImmediate(resolve));
    this.#open -= 1;
    this.left -= 1;
    if (this.left < 0) throw new GemelError('UNREACHABLE', 'lost');
    return this.#bytes.subarray(offset, offset + SEED_PIECE_BYTES);
  }
}

describe('what another member has made a backup of', () => {
  it('is here as it is there, however often the connection is lost, and no piece is asked for twice that was written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: content.length }),
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 6 }),
        async (bytes, cuts) => {
          const source = new Lossy(content.subarray(0, bytes));
          const file = path.join(root, String((runs += 1)), 'part');
          const told: number[] = [];
          const fetch = (): Promise<void> =>
            download({
              files: realFiles,
              source,
              id: 'x',
              bytes,
              path: file,
              signal: new AbortController().signal,
              progress: (at) => told.push(at),
            });
          for (const cut of cuts) {
            source.left = cut;
            source.asked = [];
            const size = fs.existsSync(file) ? fs.statSync(file).size : 0;
            await fetch().catch((error: unknown) => expect(error).toMatchObject({ code: 'UNREACHABLE' }));
            for (const offset of source.asked) expect(offset).toBeGreaterThanOrEqual(size - (size % SEED_PIECE_BYTES));
          }
          source.left = Number.POSITIVE_INFINITY;
          await fetch();
          expect(fs.readFileSync(file).equals(content.subarray(0, bytes))).toBe(true);
          expect(source.most).toBeLessThanOrEqual(4);
          expect(told.every((at) => at <= bytes)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('ends where it is cancelled, and is refused when it comes with a gap', async () => {
    const source = { piece: () => Promise.resolve(content.subarray(0, 10)) };
    const file = path.join(root, 'gap', 'part');
    const options = { files: realFiles, source, id: 'x', bytes: content.length, path: file, progress: () => undefined };
    await expect(download({ ...options, signal: new AbortController().signal })).rejects.toMatchObject({ code: 'DAMAGED' });
    await expect(download({ ...options, signal: AbortSignal.abort(new GemelError('REFUSED', 'cancelled')) })).rejects.toMatchObject({
      code: 'REFUSED',
    });
    expect(fs.statSync(file).size).toBe(0);
  });
});
