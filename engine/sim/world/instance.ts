import path from 'node:path';
import { AssertionError } from '../../io/index.ts';
import type { Io } from '../../io/index.ts';
import type { Net } from '../../io/net.ts';
import type { InstancePaths } from '../../instance/host.ts';
import { MemberHost } from '../../instance/member/host.ts';
import { Store, type MirrorDatabases } from '../../instance/store/index.ts';
import type { JournalWriter } from '../../journal/index.ts';
import { Mirror, readRecord, type MirrorHooks, type MirrorOptions } from '../../mirror/index.ts';
import { pairNode } from '../clients/client.ts';
import { Service } from '../clients/service.ts';
import type { SimProcess } from '../io/index.ts';
import { databaseName, mirrorName, pathsOf, ports, settingsOf } from './layout.ts';
import type { Hosted } from './member-site.ts';
import type { Site } from './site.ts';

/** Small, so that journal files are switched in the middle of things. */
const JOURNAL_FILE_BYTES = 24 * 1024;

export function journalOptions(paths: InstancePaths, store: Store, { cuts }: MirrorDatabases): MirrorOptions['journal'] {
  return {
    directory: paths.journal,
    logs: [path.join(paths.mgr, 'journal.log')],
    fileBytesMax: JOURNAL_FILE_BYTES,
    newDisk: () => store.newDisk(),
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

/** The process of an instance: the production code of store, executor, member and mirror, put together as its entry does. */
export class Instance implements Hosted {
  readonly site: Site;
  readonly process: SimProcess;
  readonly io: Io;
  readonly #net: Net;
  phase: 'starting' | 'running' | 'stopping' = 'starting';
  stoppedAt: number | null = null;
  store: Store | null = null;
  mirror: Mirror | null = null;
  host: WatchedHost | null = null;
  service: Service | null = null;

  constructor(site: Site, process: SimProcess, io: Io, net: Net) {
    this.site = site;
    this.process = process;
    this.io = io;
    this.#net = net;
  }

  async start(): Promise<void> {
    const { site, io, process } = this;
    const paths = pathsOf(site.name);
    const log = (severity: 0 | 1 | 2 | 3, text: string): void => site.note(`${severity} ${text}`);
    const store = await Store.open({ io, paths, settings: settingsOf(site.name, site.database), log, parts: site.parts(process) });
    const major = (): number => this.mirror?.journal.writer?.epoch.major ?? 0;
    const service = new Service(store.executor, io.clock, site.world.profile.qosMs, major);
    store.onJournalFailed(() => service.cutAll());
    const record = readRecord(io.files, paths.mgr, mirrorName);
    if (record === null) throw new AssertionError('the member has its record');
    const mirrored = await store.openMirror({ name: record.membership.mirror, guid: record.membership.guid });
    const host = new WatchedHost(
      this,
      {
        io,
        store,
        log,
        resetClients: () => service.cutAll(),
        end: (reason) => this.#end(reason),
        required: () => [databaseName],
        changed: () => undefined,
      },
      mirrored,
    );
    const mirror = new Mirror({
      io,
      net: this.#net,
      host,
      hooks: willing,
      mgr: paths.mgr,
      record,
      journal: journalOptions(paths, store, mirrored),
    });
    host.belongTo(mirror);
    host.install();
    await this.#net.listen(site.name, ports.data, (connection) => mirror.accept(connection));
    this.store = store;
    this.service = service;
    this.host = host;
    this.mirror = mirror;
    this.phase = 'running';
    mirror.start(site.world.byPerson);
  }

  killed(told: boolean): void {
    this.service?.killed(told);
  }

  /** It takes updates as far as it knows. */
  get isOpen(): boolean {
    return this.process.alive && this.host?.isOpen === true;
  }

  get isBroken(): boolean {
    const { mirror, host, store } = this;
    if (mirror === null || host === null || store === null) return false;
    const hasFailed = [mirror.journal.writer, store.localWriter].some((writer) => writer !== null && writer.error !== null);
    return hasFailed || (host.cannotTakeOver() ?? mirror.journal.unsound) !== null;
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
    await this.mirror?.stop(nofailover);
    this.service?.cutAll();
    await this.store?.close();
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
      ledger.begun(writer.epoch, mirror.journal.journal.lineage, role.is === 'taking' && role.right.by === 'force');
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
