import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realIo } from '../io/io.ts';
import { Journal } from './journal.ts';
import { ThreadDisk } from './thread-disk.ts';
import type { JournalIdentity } from './types.ts';
import { JournalWriter, type JournalWriterOptions } from './writer.ts';

/** Used by tests only: journals in a temporary directory, with the real disk thread. */

export const memberA = '00000000-0000-4000-8000-00000000000a';
export const memberB = '00000000-0000-4000-8000-00000000000b';
export const mirrorJournal: JournalIdentity = { kind: 'mirror', name: 'TEST', guid: '00000000-0000-4000-8000-0000000000ff' };

export class Workplace {
  readonly directory = mkdtempSync(join(tmpdir(), 'gemel-journal-'));
  readonly #ends: (() => Promise<void>)[] = [];

  path(name: string): string {
    return join(this.directory, name);
  }

  journal(name: string, member = memberA): Journal {
    return Journal.open({ io: realIo, directory: this.path(name), journal: mirrorJournal, member });
  }

  async writer(journal: Journal, options: Partial<JournalWriterOptions> = {}): Promise<JournalWriter> {
    const writer = await JournalWriter.open({
      io: realIo,
      journal,
      disk: new ThreadDisk({ preallocate: 64 * 1024 }),
      epoch: { major: 1, minor: 0, member: memberA },
      ...options,
    });
    this.#ends.push(() => writer.abandon());
    return writer;
  }

  /** Something to be done before the directory goes. */
  atEnd(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  async remove(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
