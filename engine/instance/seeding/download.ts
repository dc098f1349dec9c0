import { dirname } from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { AsideFile } from '../../io/aside-file.ts';
import type { Files } from '../../io/index.ts';
import { SEED_PIECE_BYTES, type SeedSource } from '../../mirror/index.ts';

/** Pieces that are asked for before the first of them has come: a distant member is not waited for piece by piece. */
const AHEAD = 4;
/** The disk gets what has come in such portions. */
const SYNC_BYTES = 8 * 1024 * 1024;

export interface DownloadOptions {
  readonly files: Files;
  readonly source: Pick<SeedSource, 'piece'>;
  /** Of the backup there. */
  readonly id: string;
  readonly bytes: number;
  /** Where it is to be; what is there of it already is not fetched again. */
  readonly path: string;
  readonly signal: AbortSignal;
  /** @param bytes that are here. What it throws ends the download. */
  readonly progress: (bytes: number) => void;
}

/**
 * Fetches another member's backup into a file. What is in memory of it is `AHEAD` pieces; nobody waits for the disk. Whether it is whole
 * and undamaged is found out when it is read. Rejects with what the source, the disk or `progress` rejects with: what came is kept.
 */
export async function download({ files, source, id, bytes, path, signal, progress }: DownloadOptions): Promise<void> {
  files.makeDirectory(dirname(path));
  const file = await AsideFile.open(path, 'write');
  try {
    let at = await begun(file, bytes);
    let synced = at;
    const coming: Promise<Uint8Array>[] = [];
    for (let next = at; at < bytes;) {
      signal.throwIfAborted();
      for (; coming.length < AHEAD && next < bytes; next += SEED_PIECE_BYTES) coming.push(quietly(source.piece(id, next)));
      const piece = await coming.shift();
      if (piece === undefined || piece.length !== Math.min(SEED_PIECE_BYTES, bytes - at)) throw cutShort(at);
      await file.write(piece, at);
      at += piece.length;
      if (at - synced >= SYNC_BYTES || at === bytes) {
        await file.datasync();
        synced = at;
      }
      progress(at);
    }
  } finally {
    await file.close();
  }
}

/** Whole pieces of what is there already. */
async function begun(file: AsideFile, bytes: number): Promise<number> {
  const size = await file.size();
  const at = size > bytes ? 0 : size - (size % SEED_PIECE_BYTES);
  await file.truncate(at);
  return at;
}

/** Its failure is met when its turn comes, if it comes. */
function quietly<T>(coming: Promise<T>): Promise<T> {
  coming.catch(() => undefined);
  return coming;
}

function cutShort(at: number): GemelError {
  return new GemelError(
    'DAMAGED',
    `The backup of another member came with a gap at offset ${at}.`,
    'Nothing was changed.',
    'It is fetched again.',
  );
}
