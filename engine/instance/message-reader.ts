import { open } from 'node:fs/promises';
import type { LogLine, LogPage, LogRange } from '../api/messages.ts';
import { readConditionLine } from '../api/conditions.ts';
import { errorCode } from '../io/error-code.ts';
import { fileError } from '../io/index.ts';
import { FILES_KEPT, parseMessage } from './messages.ts';

const CHUNK_BYTES = 64 * 1024;

/**
 * The part of a message log that `range` asks for, its full files beside it included. Reads from the end backwards and no further than
 * needed, so the newest minutes of a large log cost little. Throws RIGHTS, IO; a log that does not exist has no lines.
 */
export async function readLog(file: string, range: LogRange): Promise<LogPage> {
  const newestFirst: LogLine[] = [];
  for (let n = 0; n <= FILES_KEPT; n++) {
    for await (const line of linesBackwards(n === 0 ? file : `${file}.${n}`)) {
      const found = lineOf(line);
      if (found === null || found.at > range.toMs) continue;
      // A clock that was set back may have older times after newer ones; they are close to each other, and the range is widened by callers.
      if (found.at < range.fromMs) return page(newestFirst, false);
      if (found.severity < range.minSeverity) continue;
      if (newestFirst.length === range.limit) return page(newestFirst, true);
      newestFirst.push(found);
    }
  }
  return page(newestFirst, false);
}

function page(newestFirst: readonly LogLine[], more: boolean): LogPage {
  return { lines: newestFirst.toReversed(), more };
}

function lineOf(line: string): LogLine | null {
  const message = parseMessage(line);
  if (message === null) return null;
  const at = Date.parse(message.time);
  if (Number.isNaN(at)) return null;
  return { at, pid: message.pid, severity: message.severity, ...readConditionLine(message.text) };
}

/** The lines of a file, the last one first. */
async function* linesBackwards(file: string): AsyncGenerator<string> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw fileError(error, 'read', file);
  });
  if (handle === null) return;
  try {
    let at = (await handle.stat()).size;
    let rest = Buffer.alloc(0);
    while (at > 0) {
      const length = Math.min(CHUNK_BYTES, at);
      at -= length;
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, at);
      const bytes = Buffer.concat([buffer.subarray(0, bytesRead), rest]);
      // Cut at line ends, never inside a character; what comes before the first one belongs to the chunk before.
      const first = at === 0 ? -1 : bytes.indexOf(0x0a);
      if (at > 0 && first < 0) {
        rest = bytes;
        continue;
      }
      rest = bytes.subarray(0, first + 1);
      yield* bytes
        .subarray(first + 1)
        .toString('utf8')
        .split('\n')
        .reverse();
    }
  } finally {
    await handle.close();
  }
}
