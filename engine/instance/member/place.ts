import path from 'node:path';
import type { InstanceStatus } from '../../api/status.ts';
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
  Mirror,
  noHooks,
  ownStatus,
  readRecord,
  StatusView,
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
import { HeldMember } from './held.ts';
import type { Lifted } from './hook-executor.ts';
import { MemberHost, notInMirror, type MemberHostOptions } from './host.ts';
import { mapped, rememberMirrored } from './map-mirrors.ts';
import { journalWait, signOf, type MemberWatch, type WatchOptions } from './watch.ts';

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
}

/** The member at work: of a failover member or an async, or held because it can take no part. */
type Occupant = Mirror | AsyncMember | HeldMember;

/** The instance's place in one mirror: the member that it is there, and what belongs to it in the instance. */
export class Place {
  readonly mirror: string;
  readonly #context: PlaceContext;
  #occupant: Occupant | null = null;
  #host: MemberHost | null = null;
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
    return this.#occupant instanceof HeldMember ? null : this.#occupant;
  }

  /** Set when this instance is a member of the mirror that it can take no part in. */
  get held(): HeldMember | null {
    return this.#occupant instanceof HeldMember ? this.#occupant : null;
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
    return { mirror, type: this.held?.type ?? 'Failover', status: 'Waiting' };
  }

  async begin(record: MirrorRecord): Promise<void> {
    const { settings, store } = this.#context;
    const { mirror: name, guid } = record.membership;
    const mirrored = await store.openMirror({ name, guid });
    rememberMirrored(name, mirrored.all(), this.#context);
    const required = (): string[] => mapped(settings, name);
    const host = new MemberHost(
      { ...this.#context, required, changed: () => this.#changed(), typeChanged: () => this.#beginAnew() },
      mirrored,
    );
    const self = record.membership.members.find((m) => m.guid === record.self);
    if (self !== undefined && isAsync(self)) this.#beginAsync(record, host, mirrored);
    else this.#beginFailover(record, host);
  }

  #beginFailover(record: MirrorRecord, host: MemberHost): void {
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
      journal: this.#journalOptions(host),
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
      member = new AsyncMember({ io, net, host, mgr: paths.mgr, record, journal: this.#journalOptions(host) });
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

  #journalOptions(host: MemberHost): MirrorOptions['journal'] {
    const { paths, store } = this.#context;
    return {
      directory: paths.journal,
      logs: [path.join(paths.mgr, 'journal.log'), path.join(paths.mgr, `mirrorjrn-${this.mirror}.log`)],
      fileBytesMax: store.journalBytesMax,
      newDisk: () => store.newDisk(),
      databasePositions: () => host.databases().flatMap((d) => d.position ?? []),
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
    this.#noteType(record);
    await this.begin(record);
    changed();
  }

  /** gemel.cpf says what the member is. */
  #noteType({ self, membership: { mirror, guid, members } }: MirrorRecord): void {
    const { io, paths, settings } = this.#context;
    const Type = members.find((m) => m.guid === self)?.type ?? 'Failover';
    const change = (s: Settings): Settings => ({ ...s, Mirrors: { ...s.Mirrors, [mirror]: { GUID: guid, Type } } });
    Object.assign(settings, change(updateSettings(paths.settings, change, io.files)));
  }

  /** After each decision. */
  #changed(): void {
    const { member } = this;
    if (member instanceof Mirror) this.#watch?.tell(signOf(member));
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

/** Throws why a held member answers nothing. */
export function memberAt({ member, held }: Place): Mirror | AsyncMember {
  if (held !== null) throw held.refusal();
  if (member === null) throw notInMirror();
  return member;
}
