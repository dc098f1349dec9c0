import { conditionLine } from '../../api/conditions.ts';
import path from 'node:path';
import { MemberType, type InstanceStatus } from '../../api/status.ts';
import { GemelError } from '../../api/errors.ts';
import { assert } from '../../io/assert.ts';
import type { Io } from '../../io/index.ts';
import type { Net } from '../../io/net.ts';
import type { Position } from '../../journal/index.ts';
import {
  AsyncMember,
  asyncStatus,
  AsyncStatusView,
  isAsync,
  mayDejournalInParallel,
  Mirror,
  noHooks,
  ownStatus,
  readRecord,
  StatusView,
  writeRecord,
  type HookClient,
  type HookIdentity,
  type Hooks,
  type MirrorHooks,
  type MirrorOptions,
  type MirrorRecord,
} from '../../mirror/index.ts';
import type { InstancePaths } from '../directory.ts';
import type { Log } from '../messages.ts';
import { updateSettings, type Settings } from '../settings.ts';
import type { MirrorDatabases, Store } from '../store/index.ts';
import { copiedEnd, requireOwnJournal } from './copied.ts';
import { HeldMember } from './held.ts';
import type { Lifted } from './hook-executor.ts';
import { MemberHost, notInMirror, type MemberHostOptions } from './host.ts';
import { Lost } from './lost.ts';
import { finishPending } from './pending.ts';
import { mapped, rememberMirrored } from './map-mirrors.ts';
import {
  asideOf,
  beginRebuild,
  carryOutRebuild,
  endRebuild,
  planRebuild,
  rebuildUnderWay,
  rebuiltRecord,
  type RebuildContext,
} from './rebuild.ts';
import type { OwnPort } from './own-port.ts';
import { isRemoved, RemovedMember } from './removed.ts';
import { journalWait, signOf, type MemberWatch, type WatchOptions } from './watch.ts';

/** How long a member that was begun anew may take to find out whether it finds the other one. */
const SETTLE_MS = 5000;

export interface PlaceContext extends Omit<MemberHostOptions, 'changed' | 'required' | 'typeChanged'> {
  readonly io: Io;
  readonly net: Net;
  readonly paths: InstancePaths;
  readonly settings: Settings;
  readonly log: Log;
  readonly store: Store;
  readonly changed: () => void;
  /** Whether a person started the instance. */
  readonly byPerson: boolean;
  /** A client for the hook that may write before users may; `lifted` lets it. */
  readonly hookClient?: (lifted: Lifted) => HookClient & { close(): void };
  /** The administrator's hooks; left out: none. */
  readonly openHooks?: (identity: HookIdentity) => Hooks;
  /** What notices when the executor or the journal's disk stands still; left out: nothing does. */
  readonly openWatch?: (options: WatchOptions) => MemberWatch;
  /** The port of this instance's superserver, which its mirrors are to know. */
  readonly ownPort: OwnPort;
}

/** The member at work: of a failover member or an async, or held because it can take no part, or none any more. */
type Occupant = Mirror | AsyncMember | HeldMember | RemovedMember;

/** The instance's place in one mirror: the member that it is there, and what belongs to it in the instance. */
export class Place {
  readonly mirror: string;
  readonly #context: PlaceContext;
  #occupant: Occupant | null = null;
  #host: MemberHost | null = null;
  #begun: { readonly record: MirrorRecord; readonly mirrored: MirrorDatabases } | null = null;
  #view: StatusView | AsyncStatusView | null = null;
  #watch: MemberWatch | null = null;
  /** The changes to another type, one after the other, down to the one that is under way. */
  #anew: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(mirror: string, context: PlaceContext) {
    this.mirror = mirror;
    this.#context = context;
  }

  /** null: it is held. */
  get member(): Mirror | AsyncMember | null {
    const occupant = this.#occupant;
    return occupant instanceof Mirror || occupant instanceof AsyncMember ? occupant : null;
  }

  /** Set when this instance takes no part in the mirror: it cannot, or it is no member any more. */
  get held(): HeldMember | RemovedMember | null {
    const occupant = this.#occupant;
    return occupant instanceof HeldMember || occupant instanceof RemovedMember ? occupant : null;
  }

  get host(): MemberHost | null {
    return this.#host;
  }

  get view(): StatusView | AsyncStatusView | null {
    return this.#view;
  }

  /** End of the mirror's journal here; null: it is held. */
  get journalEnd(): Position | null {
    return this.member?.journal.reach.end.position ?? null;
  }

  /** In a word each. */
  get inWords(): InstanceStatus['mirrors'][number] {
    const { member, mirror } = this;
    if (member instanceof Mirror) return { mirror, type: 'Failover', status: ownStatus(member) };
    if (member instanceof AsyncMember) return { mirror, type: member.self.type, status: asyncStatus(member) };
    return { mirror, type: this.held?.type ?? 'Failover', status: this.held?.status ?? 'Waiting' };
  }

  /** Updates that only this member had when its mirror went on without them. */
  lost(): Lost {
    const { io, paths } = this.#context;
    assert(this.#begun !== null, 'a place is asked once it is taken');
    const { record, mirrored } = this.#begun;
    const { mirror: name, guid } = record.membership;
    return new Lost({ files: io.files, directory: paths.journal, journal: { kind: 'mirror', name, guid }, databases: mirrored });
  }

  /**
   * Builds the member anew from the primary: what it has of the mirror is set aside, and it joins as one that has nothing.
   * Throws REFUSED with the reason before anything is changed.
   * @param from member to be rebuilt from; undefined: whichever is primary
   */
  async rebuild(from: string | undefined): Promise<{ message: string; aside: string[] }> {
    const { member } = this;
    const { io, paths, log } = this.#context;
    const record = readRecord(io.files, paths.mgr, this.mirror);
    if (record === null || (member instanceof Mirror && member.journal.writer !== null))
      throw new GemelError('REFUSED', 'This member is primary.', 'Nothing was changed.', 'Rebuild the member that does not agree with it.');
    const readWrite = this.#begun?.mirrored.readWrite() ?? [];
    if (readWrite.length > 0)
      throw new GemelError(
        'REFUSED',
        `Databases that are updated here too cannot be rebuilt: what was changed here is nowhere else (${readWrite.map((d) => d.name).join(', ')}).`,
        'Nothing was changed.',
        'Keep what is needed of them; join with another instance, which gets the mirror’s databases anew.',
      );
    const plan = await planRebuild(this.#rebuilding, record, from);
    beginRebuild(this.#rebuilding, this.mirror, plan);
    log(1, `[REBUILD_BEGUN] This member of the mirror ${this.mirror} is rebuilt. (name=${plan.name})`);
    this.#beginAnew();
    await this.#anew;
    const aside = asideOf(this.#rebuilding, this.mirror, plan);
    return { message: `This member was built anew and joins the mirror. What it had is in ${aside.join(', ')}.`, aside };
  }

  get #rebuilding(): RebuildContext {
    const { io, net, paths, settings, store } = this.#context;
    return {
      io,
      net,
      paths,
      settings,
      directoryOf: (configured) => store.directoryOf(configured),
      createDatabase: (...made) => store.createFile(...made),
      maxSizeOf: (name) => store.executor.namespaces.find(name)?.nodes.meta().maxSizeBytes ?? null,
    };
  }

  /** Does what a rebuilding has left to do. @returns the record to begin with */
  async #finishRebuild(record: MirrorRecord): Promise<MirrorRecord> {
    const { io, paths, store, log } = this.#context;
    const plan = rebuildUnderWay(this.#rebuilding, this.mirror);
    if (plan === null) return record;
    await store.releaseMirror(this.mirror);
    carryOutRebuild(this.#rebuilding, record, plan);
    const rebuilt = rebuiltRecord(record);
    writeRecord(io.files, paths.mgr, rebuilt);
    endRebuild(this.#rebuilding, this.mirror);
    for (const { name } of plan.databases) store.mountAgain(name);
    const aside = asideOf(this.#rebuilding, this.mirror, plan).join(', ');
    log(
      1,
      `[REBUILT] Databases and journal of the mirror ${this.mirror} were made anew; what there was is in ${aside}. (name=${plan.name})`,
    );
    return rebuilt;
  }

  async begin(found: MirrorRecord): Promise<void> {
    if (isRemoved(found)) return this.#endMembership(found);
    let record: MirrorRecord;
    try {
      record = await this.#finishRebuild(found);
    } catch (error) {
      return this.#hold(found, error);
    }
    const { settings, store } = this.#context;
    const { mirror: name, guid } = record.membership;
    await finishPending(record, store, this.#context.log);
    const entries = (): MirrorRecord['membership']['databases'] => (this.member?.membership ?? record.membership).databases;
    const mirrored = await store.openMirror({ name, guid }, entries, isParallel(record));
    this.#begun = { record, mirrored };
    rememberMirrored(name, mirrored.all(), this.#context);
    const required = (): string[] => mapped(settings, name);
    const host = new MemberHost(
      { ...this.#context, required, changed: () => this.#changed(), typeChanged: () => this.#beginAnew() },
      mirrored,
    );
    const self = record.membership.members.find((m) => m.guid === record.self);
    if (self !== undefined && isAsync(self)) this.#beginAsync(record, host, mirrored);
    else this.#beginFailover(record, host, mirrored);
  }

  #beginFailover(record: MirrorRecord, host: MemberHost, mirrored: MirrorDatabases): void {
    const { io, net, paths } = this.#context;
    const watch = this.#context.openWatch?.({
      qosMs: record.membership.qosMs,
      hung: (stalledMs) => mirror.stoodStill(stalledMs),
      journalWaitsMs: journalWait(() => mirror.journal.writer, io.clock),
    });
    const hooks = this.#hooks(record, host);
    const options: MirrorOptions = {
      io,
      net,
      host,
      hooks,
      beforeDeciding: () => watch?.check(),
      mgr: paths.mgr,
      record,
      journal: this.#journalOptions(mirrored),
    };
    let mirror: Mirror;
    try {
      mirror = new Mirror(options);
    } catch (error) {
      hooks.close();
      watch?.close();
      return this.#hold(record, error);
    }
    host.belongTo(mirror);
    host.install();
    this.#host = host;
    this.#occupant = mirror;
    this.#watch = watch ?? null;
    this.#view = new StatusView(mirror);
    mirror.start(this.#context.byPerson);
  }

  #beginAsync(record: MirrorRecord, host: MemberHost, mirrored: MirrorDatabases): void {
    const { io, net, paths } = this.#context;
    let member: AsyncMember;
    try {
      member = new AsyncMember({ io, net, host, mgr: paths.mgr, record, journal: this.#journalOptions(mirrored) });
    } catch (error) {
      return this.#hold(record, error);
    }
    host.belongToAsync(member);
    host.install();
    this.#host = host;
    this.#occupant = member;
    this.#watch = null;
    mirrored.onFailed(() => member.dejournaler.databaseFailed());
    this.#view = new AsyncStatusView(member);
    member.start();
  }

  /** What the mirror needs of this member cannot be read here: the instance serves the rest. */
  #hold(record: MirrorRecord, error: unknown): void {
    if (!(error instanceof GemelError)) throw error;
    const held = new HeldMember(record, error);
    this.#occupant = held;
    this.#context.log(2, held.line);
  }

  /** This instance is no member of the mirror any more, and still has its configuration. */
  async #endMembership(record: MirrorRecord): Promise<void> {
    const { settings, store, log } = this.#context;
    const configured = settings.Mirrors[this.mirror];
    const type = MemberType.safeParse(typeof configured === 'object' ? configured['Type'] : undefined);
    const removed = new RemovedMember(record, type.data ?? 'Failover');
    this.#occupant = removed;
    this.#host = this.#view = this.#watch = null;
    await store.closeMirror(this.mirror);
    store.executor.role_ = { mayRead: () => true, role: () => ({ role: 'none', mirror: this.mirror, peers: [] }) };
    log(2, removed.line);
  }

  #journalOptions({ cuts }: MirrorDatabases): MirrorOptions['journal'] {
    const { paths, store } = this.#context;
    return {
      directory: paths.journal,
      logs: [path.join(paths.mgr, 'journal.log'), path.join(paths.mgr, `mirrorjrn-${this.mirror}.log`)],
      ...store.writing,
      cuts,
    };
  }

  #hooks({ membership, self }: MirrorRecord, host: MemberHost): MirrorHooks {
    const { openHooks, hookClient, settings } = this.#context;
    const member = membership.members.find((m) => m.guid === self)?.name ?? '';
    const hooks = openHooks?.({ mirror: membership.mirror, member, instance: settings.Startup.InstanceName }) ?? noHooks;
    return {
      ask: async (which) => {
        const client = which === 'check' ? hookClient?.((act) => host.lifted(act)) : undefined;
        try {
          return await hooks.ask(which, client);
        } finally {
          client?.close();
        }
      },
      notify: (which) => hooks.notify(which),
      cancel: () => hooks.cancel(),
      close: () => hooks.close(),
    };
  }

  /** Throws RIGHTS when files of the mirror's journal are not this instance's own: a person may have copied them here. */
  requireOwnJournal(): void {
    const { io, paths } = this.#context;
    if (this.member !== null) requireOwnJournal(io, paths.journal, this.member.membership);
  }

  /** Journal files that a person has copied here belong to the member from now on. Throws as `copiedEnd`. */
  async takeCopied(): Promise<void> {
    const { member } = this;
    if (!(member instanceof Mirror)) return;
    const { io, paths, log } = this.#context;
    const end = copiedEnd(io, paths.journal, member);
    if (end === null) return;
    const { file, offset } = end.position;
    log(1, conditionLine('JOURNAL_COPIED', 'Journal files were copied here that go on from what this member had.', { file, offset }));
    this.#beginAnew();
    const mirror = await this.begun();
    await mirror?.until(({ role }) => role.is !== 'starting', SETTLE_MS);
  }

  /** The member is of another type now: what it was ends, and is shown as it was until the new one has begun. */
  #beginAnew(): void {
    // Not within the decision that found it out.
    this.#anew = this.#anew.then(() => this.#changePlace());
  }

  async #changePlace(): Promise<void> {
    // Whoever stops the instance stops the member as it is.
    if (this.#isStopping) return;
    await this.#stopMember(false);
    const { io, paths, changed } = this.#context;
    const record = readRecord(io.files, paths.mgr, this.mirror);
    assert(record !== null, 'a member has a record');
    if (!isRemoved(record)) this.#noteType(record);
    await this.begin(record);
    changed();
  }

  /** gemel.cpf says what the member is. */
  #noteType({ self, membership: { mirror, guid, members } }: MirrorRecord): void {
    const { io, paths, settings } = this.#context;
    const Type = members.find((m) => m.guid === self)?.type ?? 'Failover';
    const change = (s: Settings): Settings => ({
      ...s,
      Mirrors: { ...s.Mirrors, [mirror]: { ...tableOf(s.Mirrors[mirror]), GUID: guid, Type } },
    });
    Object.assign(settings, change(updateSettings(paths.settings, change, io.files)));
  }

  /** After each decision. */
  #changed(): void {
    const { member } = this;
    if (member instanceof Mirror) this.#watch?.tell(signOf(member));
    if (member !== null) {
      void this.#context.ownPort.tell(member);
      this.#begun?.mirrored.setParallel(isParallel({ membership: member.membership, self: member.self.guid }));
    }
    this.#context.changed();
  }

  /** Once a change to another type is over: the failover member, if this is one now. */
  async begun(): Promise<Mirror | null> {
    await this.#anew;
    return this.member instanceof Mirror ? this.member : null;
  }

  async stop(nofailover: boolean): Promise<void> {
    this.#isStopping = true;
    await this.#anew;
    await this.#stopMember(nofailover);
  }

  async #stopMember(nofailover: boolean): Promise<void> {
    const { member } = this;
    if (member instanceof Mirror) await member.stop(nofailover);
    else await member?.stop();
    this.#watch?.close();
  }
}

function tableOf(section: Settings['Mirrors'][string] | undefined): Record<string, string> {
  return typeof section === 'object' ? section : {};
}

/** Throws why a held member answers nothing. */
export function memberAt({ member, held }: Place): Mirror | AsyncMember {
  if (held !== null) throw held.refusal();
  if (member === null) throw notInMirror();
  return member;
}

/** Whether the mirror lets that member dejournal several databases at once. */
function isParallel({ membership, self }: Pick<MirrorRecord, 'membership' | 'self'>): boolean {
  const type = membership.members.find(({ guid }) => guid === self)?.type ?? 'Failover';
  return mayDejournalInParallel(membership.parallelDejournaling, type);
}
