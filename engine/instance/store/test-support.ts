import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { assert } from '../../io/assert.ts';
import { realIo } from '../../io/index.ts';
import {
  Journal,
  JournalWriter,
  startApplierThread,
  ThreadDisk,
  type JournalDisk,
  type Position,
  type StartApplierThread,
} from '../../journal/index.ts';
import { createInstanceDirectory, instancePaths, type InstancePaths } from '../directory.ts';
import type { JournalPort, OpenDatabase } from '../executor/index.ts';
import { newSettings, readSettings } from '../settings.ts';
import type { MirrorDatabases } from './mirror-databases.ts';
import { realParts } from './parts.ts';
import { oldestInherited, openAtEnd } from './recover.ts';
import { Store } from './store.ts';

/** Used by tests only: the store of an instance, ended as a crash ends it, and opened again. */

export const mirrorGuid = '00000000-0000-4000-8000-0000000000ff';
const mirrorIdentity = { kind: 'mirror' as const, name: 'TEST', guid: mirrorGuid };
const member = '00000000-0000-4000-8000-00000000000a';

/** A disk that is full from a moment on. */
class FillingDisk implements JournalDisk {
  readonly #disk = new ThreadDisk({ preallocate: 64 * 1024 });
  full = false;

  #orFull(done: Done, act: () => void): void {
    if (this.full) queueMicrotask(() => done(new GemelError('DISK_FULL', 'The disk is full.', '', 'Free space.')));
    else act();
  }

  create(...[file, header, done]: Parameters<JournalDisk['create']>): void {
    this.#orFull(done, () => this.#disk.create(file, header, done));
  }

  append(...[memory, from, length, offset, done]: Parameters<JournalDisk['append']>): void {
    this.#orFull(done, () => this.#disk.append(memory, from, length, offset, done));
  }

  finish(...[length, done]: Parameters<JournalDisk['finish']>): void {
    this.#disk.finish(length, done);
  }

  relocate(...[from, to, length, done]: Parameters<JournalDisk['relocate']>): void {
    this.#orFull(done, () => this.#disk.relocate(from, to, length, done));
  }

  attach(...[file, done]: Parameters<JournalDisk['attach']>): void {
    this.#disk.attach(file, done);
  }

  sync(done: Done): void {
    this.#disk.sync(done);
  }

  isInline(): boolean {
    return false;
  }

  close(done: Done): void {
    this.#disk.close(done);
  }
}

type Done = Parameters<JournalDisk['sync']>[0];

/** Appliers that can be kept from hearing anything for a while. */
class HeldAppliers {
  /** What they have not heard yet; null: they hear everything. */
  #unheard: (() => void)[] | null = null;

  readonly start: StartApplierThread = (data, user) => {
    const thread = startApplierThread(data, user);
    const post: typeof thread.post = (command) => {
      if (this.#unheard === null) thread.post(command);
      else this.#unheard.push(() => thread.post(command));
    };
    return { ...thread, post };
  };

  hold(): void {
    this.#unheard ??= [];
  }

  letGo(): void {
    const unheard = this.#unheard ?? [];
    this.#unheard = null;
    for (const post of unheard) post();
  }
}

export class StoreBench {
  readonly paths: InstancePaths;
  readonly messages: { severity: number; text: string }[] = [];
  /** What waiting clients were told. */
  readonly cut: string[] = [];
  disk = new FillingDisk();
  readonly appliers = new HeldAppliers();
  #store: Store | null = null;
  /** The mirror's journal, as its primary has it open. */
  #mirror: { journal: Journal; writer: JournalWriter; port: JournalPort } | null = null;
  #mirrored: MirrorDatabases | null = null;

  constructor() {
    this.paths = instancePaths(fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-store-')));
    const settings = newSettings({ name: 'T', guid: realIo.random.guid(), superserverPort: 0, webPort: 0 });
    createInstanceDirectory(this.paths.directory, { ...settings, Databases: { USER: 'user' }, Namespaces: { USER: 'USER' } });
  }

  get store(): Store {
    assert(this.#store !== null, 'the store is open');
    return this.#store;
  }

  get mirror(): { journal: Journal; writer: JournalWriter; port: JournalPort } {
    assert(this.#mirror !== null, 'the mirror journal is written here');
    return this.#mirror;
  }

  database(name: string): OpenDatabase {
    const database = this.store.executor.namespaces.find(name);
    assert(database !== undefined, `${name} is mounted`);
    return database;
  }

  async open(): Promise<Store> {
    const settings = readSettings(this.paths.settings);
    this.disk = new FillingDisk();
    const log = (severity: number, text: string): number => this.messages.push({ severity, text });
    const parts = { ...realParts, newDisk: () => this.disk, startApplier: this.appliers.start };
    this.#store = await Store.open({ io: realIo, paths: this.paths, settings, log, parts });
    this.#store.onJournalFailed((why) => this.cut.push(why));
    return this.#store;
  }

  openMirrorJournal(): Journal {
    return Journal.open({ io: realIo, directory: this.paths.journal, journal: mirrorIdentity, member });
  }

  /** What a mirror's primary does of its journal: a new epoch, its databases updated through it. Nothing becomes durable in it before the gate is opened. */
  async becomePrimary(minor: number): Promise<void> {
    const { executor } = this.store;
    const journal = this.openMirrorJournal();
    const inherited = journal.end.position;
    const writer = await JournalWriter.open({
      io: realIo,
      journal,
      disk: new ThreadDisk({ preallocate: 64 * 1024 }),
      epoch: { major: 1, minor, member },
      gate: 'hold',
    });
    const mirrored = (this.#mirrored ??= await this.store.openMirror({ name: 'TEST', guid: mirrorGuid }));
    const { feed } = mirrored;
    // As a member does: what its databases do not contain of what it inherits it reads all the same.
    feed.applier.applyTo(inherited);
    const inheritance = await feed.inherit(inherited);
    const port = executor.attach('mirror', writer);
    for (const database of mirrored.all()) database.nodes.reset();
    feed.attach(port, writer, inheritance);
    this.#mirror = { journal, writer, port };
    for (const database of mirrored.all()) this.#bind(database);
    const found = openAtEnd(journal.files, mirrored.all(), journal.end.position, oldestInherited(inheritance, journal.end.position));
    executor.transactionsBegin(found.highest);
    executor.rollBackFound(port, found.open);
  }

  #bind(database: OpenDatabase): void {
    const { writer, port } = this.mirror;
    database.journal = port;
    database.journalNumber = writer.bind({ name: database.journalName, guid: database.guid });
    database.bar = null;
  }

  async createMirrored(name: string): Promise<void> {
    const position: Position = this.mirror.writer.end;
    const mirror = { name: 'TEST', guid: mirrorGuid, database: name, databaseGuid: realIo.random.guid(), position, failoverDB: true };
    this.#bind(await this.store.create({ ...this.store.checkNew(name, undefined), namespace: true, maxSizeMB: undefined, mirror }));
  }

  /** Ends it as a crash does: what is not in a block written by now is gone, and no transaction is rolled back. */
  async crash(): Promise<void> {
    const { store } = this;
    await this.#mirror?.writer.abandon();
    await store.localWriter?.abandon();
    await this.#mirrored?.feed.close();
    await store.local.close();
    for (const database of store.executor.namespaces.all()) {
      database.release();
      database.nodes.close();
    }
    this.#store = null;
    this.#mirror = null;
    this.#mirrored = null;
  }

  /** Resolves once the overlay of the database was dropped, since its file has everything. */
  async contained(database: OpenDatabase): Promise<void> {
    // Dropping is of no interest to anybody and therefore told to nobody.
    while (database.nodes.overlayEntries > 0) await new Promise<void>((resolve) => realIo.clock.timer(10, resolve));
  }

  async remove(): Promise<void> {
    if (this.#store !== null) await this.crash();
    fs.rmSync(this.paths.directory, { recursive: true, force: true });
  }
}
