import path from 'node:path';
import { assert, AssertionError, type Io } from '../../io/index.ts';
import type { Connection, Net } from '../../io/net.ts';
import type { InstancePaths } from '../../instance/host.ts';
import { MemberHost } from '../../instance/member/host.ts';
import { Store, type MirrorDatabases } from '../../instance/store/index.ts';
import type { JournalWriter } from '../../journal/index.ts';
import { AsyncDoor, AsyncMember, isAsync, memberOf, Mirror, readRecord, type MirrorHooks, type MirrorOptions } from '../../mirror/index.ts';
import { pairNode } from '../clients/client.ts';
import { Service } from '../clients/service.ts';
import type { SimProcess } from '../io/index.ts';
import { checkBegins } from './begins.ts';
import { databaseName, mirrorName, pathsOf, ports, settingsOf } from './layout.ts';
import type { Site } from './site.ts';

/** Small, so that journal files are switched in the middle of things. */
const JOURNAL_FILE_BYTES = 24 * 1024;

function journalOptions(paths: InstancePaths, store: Store, { cuts }: MirrorDatabases): MirrorOptions['journal'] {
  return {
    directory: paths.journal,
    logs: [path.join(paths.mgr, 'journal.log')],
    ...store.writing,
    fileBytesMax: JOURNAL_FILE_BYTES,
    cuts,
  };
}

/** No ZMIRROR.mjs: every question is a yes. */
const willing: MirrorHooks = {
  ask: () => Promise.resolve({ ok: true, why: '' }),
  notify: () => undefined,
  cancel: () => undefined,
  close: () => undefined,
};

/**
 * The process of an instance: the production code of store, executor, member and mirror, put together as its entry does. It
 * begins as what its record says, and anew when a change of the mirror makes it a member of another type.
 */
export class Instance {
  readonly site: Site;
  readonly process: SimProcess;
  readonly io: Io;
  readonly #net: Net;
  readonly #door: AsyncDoor;
  phase: 'starting' | 'running' | 'stopping' = 'starting';
  /** World time. */
  readonly startedAt: number;
  /** An operator has asked it to change its role, and waits for the answer. */
  isAsked = false;
  /** World time at which the system stopped it; null: it runs. */
  stoppedAt: number | null = null;
  /** How long it stood still until now, in ms; nothing has been decided since. */
  stoodStillMs = 0;
  store: Store | null = null;
  /** As a failover member. */
  mirror: Mirror | null = null;
  /** As an async. */
  member: AsyncMember | null = null;
  host: WatchedHost | null = null;
  service: Service | null = null;
  #byPerson: boolean | null = null;
  #isMended = false;
  /** The changes to another type, one after the other, down to the one that is under way; null: there was none. */
  #anew: Promise<void> | null = null;

  constructor(site: Site, process: SimProcess, io: Io, net: Net) {
    this.site = site;
    this.process = process;
    this.io = io;
    this.#net = net;
    this.startedAt = site.world.now;
    this.#door = new AsyncDoor(io.clock, () => (this.member === null ? [] : [this.member]));
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const { site, io, process } = this;
    const { profile } = site.world;
    const store = await Store.open({
      io,
      paths: pathsOf(site.name),
      settings: settingsOf(site.name, site.database),
      log: this.#log,
      parts: site.parts(process),
    });
    const major = (): number => this.mirror?.journal.writer?.epoch.major ?? 0;
    const service = new Service(store.executor, io.clock, profile.qosMs, major);
    store.onJournalFailed(() => service.cutAll());
    const begun = await this.#made(store, service);
    // Who looks for another one asks all asyncs only where one of them may have been promoted.
    if (begun instanceof Mirror || profile.roles === true) await this.#net.listen(site.name, ports.data, (c) => this.#accept(c));
    // Nobody uses it before it has its place in the mirror.
    this.store = store;
    this.service = service;
    this.#begin(begun);
  }

  readonly #log = (severity: 0 | 1 | 2 | 3, text: string): void => this.site.note(`${severity} ${text}`);

  #accept(connection: Connection): void {
    (this.mirror ?? this.#door).accept(connection);
  }

  /** The member that its record says. */
  async #made(store: Store, service: Service): Promise<Mirror | AsyncMember> {
    const { io, site } = this;
    const paths = pathsOf(site.name);
    const record = readRecord(io.files, paths.mgr, mirrorName);
    assert(record !== null, 'the member has its record');
    const mirrored = await store.openMirror({ name: record.membership.mirror, guid: record.membership.guid });
    const host = new WatchedHost(
      this,
      {
        io,
        store,
        log: this.#log,
        resetClients: () => service.cutAll(),
        end: (reason) => this.#end(reason),
        required: () => [databaseName],
        changed: () => undefined,
        typeChanged: () => this.#beginAnew(),
      },
      mirrored,
    );
    const self = memberOf(record.membership, record.self);
    const options = { io, net: this.#net, host, mgr: paths.mgr, record, journal: journalOptions(paths, store, mirrored) };
    let made: Mirror | AsyncMember;
    if (self !== undefined && isAsync(self)) {
      const member = new AsyncMember(options);
      host.belongToAsync(member);
      mirrored.onFailed(() => member.dejournaler.databaseFailed());
      made = member;
    } else {
      const beforeDeciding = (): void => this.#reportStandstill(mirror);
      const mirror: Mirror = new Mirror({ ...options, hooks: willing, beforeDeciding });
      host.belongTo(mirror);
      made = mirror;
    }
    host.install();
    this.host = host;
    return made;
  }

  #begin(made: Mirror | AsyncMember): void {
    this.mirror = made instanceof Mirror ? made : null;
    this.member = made instanceof Mirror ? null : made;
    if (this.phase === 'starting') this.phase = 'running';
    if (made instanceof Mirror) made.start((this.#byPerson ??= this.site.world.byPerson));
    else made.start();
  }

  /** What its watchdog does. */
  #reportStandstill(mirror: Mirror): void {
    const stalledMs = this.stoodStillMs;
    this.stoodStillMs = 0;
    if (stalledMs > mirror.membership.qosMs / 2) mirror.stoodStill(stalledMs);
  }

  /** A change of the mirror has made it a member of another type. */
  #beginAnew(): void {
    // Not within the decision that found it out.
    const { store, service } = this;
    assert(store !== null && service !== null, 'only who has begun is begun anew');
    const anew = (this.#anew ?? Promise.resolve()).then(async () => {
      if (this.phase === 'stopping') return;
      await this.#stopMember(false);
      this.#begin(await this.#made(store, service));
    });
    this.#anew = anew;
    anew.catch((error: unknown) => this.site.failed(this, error));
  }

  /** Once a change to another type is over: the failover member, if this is one now. */
  async begun(): Promise<Mirror | null> {
    await this.#anew;
    return this.mirror;
  }

  /** The process is gone. @param told whether its clients learn that their connections are */
  killed(told: boolean): void {
    this.service?.killed(told);
  }

  /** It takes updates as far as it knows. */
  get isOpen(): boolean {
    return this.process.alive && this.mirror !== null && this.host?.isOpen === true;
  }

  /** Something here can only be mended by a person: a journal or a database that takes no more. */
  get isBroken(): boolean {
    const { mirror, member, host, store } = this;
    if (host === null || store === null) return false;
    if (mirror === null) return member !== null && host.cannotTakeOver() !== null;
    const hasFailed = [mirror.journal.writer, store.localWriter].some((writer) => writer !== null && writer.error !== null);
    return hasFailed || (host.cannotTakeOver() ?? mirror.journal.unsound) !== null;
  }

  /** A person has the database of an async that takes no more tried again, and starts the instance anew where that does not help. */
  mend(): void {
    const { member, process } = this;
    if (member === null || this.#isMended) return process.kill();
    this.#isMended = true;
    process.run(() => {
      member.dejournaler.mend().catch((error: unknown) => this.site.failed(this, error));
    });
  }

  /** Of whichever type it is. */
  get journal(): Mirror['journal'] | null {
    return (this.mirror ?? this.member)?.journal ?? null;
  }

  read(reference: string): string | null {
    const session = this.store?.executor.open(databaseName);
    if (session === undefined) throw new AssertionError('a running instance is read');
    const value = session.get(session.resolve(reference)) ?? null;
    session.close();
    return value;
  }

  readPair(pair: string, node: string): string | null {
    return this.read(pairNode(pair, node));
  }

  #end(reason: string): void {
    this.site.note(`ends: ${reason}`);
    this.io.turns.atEndOfTurn(() => this.stop(false));
  }

  /** A person, or the host's service manager, asks for it; or it ends by itself. */
  stop(nofailover: boolean): void {
    if (this.phase === 'stopping') return;
    this.phase = 'stopping';
    void this.#orderlyEnd(nofailover).then(
      () => this.process.kill(),
      (error: unknown) => this.site.failed(this, error),
    );
  }

  async #orderlyEnd(nofailover: boolean): Promise<void> {
    if (this.#anew !== null) await this.#anew;
    await this.#stopMember(nofailover);
    this.#door.close();
    this.service?.cutAll();
    await this.store?.close();
  }

  async #stopMember(nofailover: boolean): Promise<void> {
    if (this.mirror !== null) await this.mirror.stop(nofailover);
    else await this.member?.stop();
  }
}

/** The instance as its mirror sees it, with the checkers looking on. */
class WatchedHost extends MemberHost {
  readonly #instance: Instance;
  #isNew = false;

  constructor(instance: Instance, ...rest: ConstructorParameters<typeof MemberHost>) {
    super(...rest);
    this.#instance = instance;
  }

  override attachWriter(writer: JournalWriter): void {
    const { site, mirror, process } = this.#instance;
    const { ledger } = site.world;
    this.#isNew = true;
    writer.onDurable((position) => {
      if (process.alive) ledger.durable(writer.epoch, position);
    });
    if (process.alive && mirror !== null) {
      const { role } = mirror.state;
      const { lineage } = mirror.journal.journal;
      const right = role.is === 'taking' ? role.right : null;
      if (right !== null) checkBegins(site.world, this.#instance, right, writer.epoch, lineage);
      ledger.begun(writer.epoch, lineage, right?.by === 'force' || right?.by === 'promotion' ? right.by : null);
    }
    super.attachWriter(writer);
  }

  override openForUsers(): void {
    super.openForUsers();
    const isNew = this.#isNew;
    this.#isNew = false;
    if (isNew && this.#instance.process.alive) this.#instance.site.world.opened(this.#instance);
  }
}
