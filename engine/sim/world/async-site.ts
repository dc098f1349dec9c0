import { GemelError } from '../../api/errors.ts';
import { MemberHost } from '../../instance/member/host.ts';
import { Store } from '../../instance/store/index.ts';
import { AssertionError, type Io } from '../../io/index.ts';
import type { Net } from '../../io/net.ts';
import { AsyncMember, readRecord } from '../../mirror/index.ts';
import { simIo, type SimProcess } from '../io/index.ts';
import { journalOptions } from './instance.ts';
import { databaseName, mirrorName, pathsOf, settingsOf } from './layout.ts';
import { MemberSite, type Hosted } from './member-site.ts';

/** The process of an instance with an async member: the production code, put together as its entry does. */
export class AsyncInstance implements Hosted {
  readonly site: AsyncSite;
  readonly process: SimProcess;
  readonly #io: Io;
  readonly #net: Net;
  stoppedAt: number | null = null;
  #isMended = false;
  store: Store | null = null;
  host: MemberHost | null = null;
  member: AsyncMember | null = null;

  constructor(site: AsyncSite, process: SimProcess, io: Io, net: Net) {
    this.site = site;
    this.process = process;
    this.#io = io;
    this.#net = net;
  }

  async start(): Promise<void> {
    const { site, process } = this;
    const io = this.#io;
    const paths = pathsOf(site.name);
    const log = (severity: 0 | 1 | 2 | 3, text: string): void => site.note(`${severity} ${text}`);
    const store = await Store.open({ io, paths, settings: settingsOf(site.name, site.database), log, parts: site.parts(process) });
    const record = readRecord(io.files, paths.mgr, mirrorName);
    if (record === null) throw new AssertionError('the member has its record');
    const mirrored = await store.openMirror({ name: record.membership.mirror, guid: record.membership.guid });
    const host = new MemberHost(
      {
        io,
        store,
        log,
        resetClients: () => undefined,
        end: () => process.kill(),
        required: () => [databaseName],
        changed: () => undefined,
      },
      mirrored,
    );
    const member = new AsyncMember({ io, net: this.#net, host, mgr: paths.mgr, record, journal: journalOptions(paths, store, mirrored) });
    host.belongToAsync(member);
    host.install();
    this.store = store;
    this.host = host;
    this.member = member;
    mirrored.onFailed(() => member.dejournaler.databaseFailed());
    member.start();
  }

  get isBroken(): boolean {
    return (this.host?.cannotTakeOver() ?? null) !== null;
  }

  /** A person has the database that takes no more tried again, and starts the instance anew where that does not help. */
  mend(): void {
    const { member, process } = this;
    if (member === null || this.#isMended) return process.kill();
    this.#isMended = true;
    process.run(() => {
      member.dejournaler.mend().catch((error: unknown) => this.site.failed(this, error));
    });
  }

  killed(): void {
    // Nobody is connected to it.
  }
}

/** A host with an async member. */
export class AsyncSite extends MemberSite<AsyncInstance> {
  protected override newInstance(process: SimProcess): AsyncInstance {
    return new AsyncInstance(this, process, simIo(process), this.world.net.of(process));
  }

  override startAgent(): void {
    // Nobody asks for one.
  }

  override setMirroring(isOn: boolean): void {
    const { instance } = this;
    instance?.process.run(() => {
      const { member } = instance;
      if (member === null || member.stopped !== isOn) return;
      try {
        if (isOn) member.startMirroring();
        else member.stopMirroring();
      } catch (error) {
        if (!(error instanceof GemelError)) throw error;
        this.note(`mirroring is not ${isOn ? 'started' : 'stopped'}: ${error.message}`);
      }
    });
  }
}
