import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createDatabase, Database } from '../../database/index.ts';
import { assert } from '../../io/assert.ts';
import { realIo } from '../../io/index.ts';
import { Journal, JournalWriter, ThreadDisk, type JournalFiles } from '../../journal/index.ts';
import { Executor } from './executor.ts';
import type { JournalPort } from './journal-port.ts';
import { OpenDatabase } from './open-database.ts';

/** Used by tests only: an executor over real databases and real journals in a temporary directory. */

const guids = { mirror: '00000000-0000-4000-8000-0000000000ff', local: '00000000-0000-4000-8000-0000000000aa' };
const member = '00000000-0000-4000-8000-00000000000a';

export class Workbench {
  readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-executor-'));
  readonly executor = new Executor();
  readonly #writers: JournalWriter[] = [];
  readonly #files = new Map<JournalPort, JournalFiles>();
  readonly #databases: OpenDatabase[] = [];

  /** A journal of its own, attached: `mirror` begins with nothing becoming durable, as on a primary that is not open yet. */
  async port(kind: 'mirror' | 'local'): Promise<JournalPort> {
    const name = kind === 'mirror' ? 'TEST' : '';
    const journal = Journal.open({
      io: realIo,
      directory: path.join(this.directory, kind),
      journal: { kind, name, guid: guids[kind] },
      member,
    });
    const epoch = { major: 1, minor: 1, member };
    const writer = await JournalWriter.open({
      io: realIo,
      journal,
      disk: new ThreadDisk({ preallocate: 64 * 1024 }),
      epoch,
      gate: kind === 'mirror' ? 'hold' : 'open',
    });
    this.#writers.push(writer);
    const port = this.executor.attach(kind, writer);
    this.#files.set(port, journal.files);
    return port;
  }

  filesOf(port: JournalPort): JournalFiles {
    const files = this.#files.get(port);
    assert(files !== undefined, 'a port of this workbench');
    return files;
  }

  /** An empty database with a namespace of its name, updated through the port. */
  database(name: string, port: JournalPort, maxSizeBytes: number | null = null): OpenDatabase {
    const directory = path.join(this.directory, name.toLowerCase());
    const guid = realIo.random.guid();
    const mirror = port.kind === 'mirror' ? { name: 'TEST', database: name, failoverDB: true } : null;
    createDatabase(directory, {
      guid,
      name,
      createdMs: 0,
      maxSizeBytes,
      ...(mirror === null ? {} : { mirror: { ...mirror, guid: guids.mirror } }),
    });
    const database = new OpenDatabase({ name, directory, guid, mirror, nodes: Database.open(directory), turns: realIo.turns });
    database.journal = port;
    database.journalNumber = port.writer.bind({ name: database.journalName, guid });
    this.executor.namespaces.mount(database);
    this.executor.namespaces.define(name, name);
    this.#databases.push(database);
    return database;
  }

  async remove(): Promise<void> {
    for (const writer of this.#writers) await writer.abandon();
    for (const database of this.#databases) {
      database.release();
      database.nodes.close();
    }
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
