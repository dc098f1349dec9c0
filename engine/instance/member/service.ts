import path from 'node:path';
import type { Admitted, InstanceMethods, Parsed } from '../../api/contract.ts';
import type { DejournalView } from '../../api/dejournaling.ts';
import { GemelError } from '../../api/errors.ts';
import { HostPort, MirrorName } from '../../api/names.ts';
import type { InstanceStatus, MemberType, MirrorStatus, WhatIf } from '../../api/status.ts';
import type { Net } from '../../io/net.ts';
import { assert } from '../../io/assert.ts';
import type { Io } from '../../io/index.ts';
import {
  AsyncMember,
  asyncStatus,
  AsyncStatusView,
  isAsync,
  Member,
  type Membership,
  Mirror,
  newDurable,
  noHooks,
  ownStatus,
  readRecord,
  StatusView,
  whatIfNow,
  writeRecord,
  type HookClient,
  type HookIdentity,
  type Hooks,
  type MirrorHooks,
  type MirrorOptions,
  type MirrorRecord,
} from '../../mirror/index.ts';
import type { InstancePaths } from '../directory.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import { updateSettings, type Settings } from '../settings.ts';
import type { Store } from '../store/index.ts';
import type { Position } from '../../journal/index.ts';
import { arbiterAddress } from './arbiter-address.ts';
import type { Lifted } from './hook-executor.ts';
import { dejournal } from './dejournal.ts';
import { HeldMember } from './held.ts';
import { askToBeAdmitted, checkNewMember, typeOf } from './joining.ts';
import { createMirrored } from './create-mirrored.ts';
import { mapped, rememberMirrored } from './map-mirrors.ts';
import { MemberHost, notInMirror, type MemberHostOptions } from './host.ts';
import { journalWait, signOf, type MemberWatch, type WatchOptions } from './watch.ts';
import { Operator } from './operator.ts';
import { demote, promote, startMirroring, stopMirroring } from './role-changes.ts';
import { newMember, type OwnAddresses } from './own-member.ts';
import { valid } from './valid.ts';

/** How long creating and joining wait for the role they lead to before they answer. */
const SETTLE_MS = 5000;

export interface MirrorServiceContext extends Omit<MemberHostOptions, 'changed' | 'required' | 'typeChanged'> {
  readonly io: Io;
  readonly net: Net;
  readonly paths: InstancePaths;
  readonly settings: Settings;
  readonly home: string;
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
  /** Where the superserver listens. */
  readonly superserver: () => { host: string; port: number };
}

/** The instance's membership in a mirror: creating, joining, leaving it to work, and what can be asked of it. */
export class MirrorService {
  readonly #context: MirrorServiceContext;
  #mirror: Mirror | null = null;
  #async: AsyncMember | null = null;
  #held: HeldMember | null = null;
  #host: MemberHost | null = null;
  #status: StatusView | AsyncStatusView | null = null;
  #watch: MemberWatch | null = null;
  /** The changes to another type, one after the other, down to the one that is under way. */
  #anew: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(context: MirrorServiceContext) {
    this.#context = context;
  }

  /** The failover member, if this instance is one. */
  get mirror(): Mirror | null {
    return this.#mirror;
  }

  /** Set when this instance is a member of a mirror that it can take no part in. */
  get held(): HeldMember | null {
    return this.#held;
  }

  get view(): StatusView | AsyncStatusView | null {
    return this.#status;
  }

  /** End of the mirror's journal here; null: this instance is in no mirror. */
  get journalEnd(): Position | null {
    return (this.#mirror ?? this.#async)?.journal.reach.end.position ?? null;
  }

  /** In a word each. */
  get memberships(): InstanceStatus['mirrors'] {
    const [mirror, member, held] = [this.#mirror, this.#async, this.#held];
    if (mirror !== null) return [{ mirror: mirror.membership.mirror, type: 'Failover', status: ownStatus(mirror) }];
    if (member !== null) return [{ mirror: member.membership.mirror, type: member.self.type, status: asyncStatus(member) }];
    return held === null ? [] : [{ mirror: held.mirror, type: held.type, status: 'Waiting' }];
  }

  /** Takes the instance's place in its mirror, if it has one. */
  async start(): Promise<void> {
    const record = readRecord(this.#context.io.files, this.#context.paths.mgr);
    if (record !== null) await this.#begin(record);
  }

  async #begin(record: MirrorRecord): Promise<void> {
    const { io, net, paths, store } = this.#context;
    const { mirror: name, guid } = record.membership;
    const feed = await store.openMirrorFeed({ name, guid });
    rememberMirrored(name, this.#context);
    const required = (): string[] => mapped(this.#context.settings, name);
    const host = new MemberHost({ ...this.#context, required, changed: () => this.#changed(), typeChanged: () => this.#beginAnew() }, feed);
    const self = record.membership.members.find((m) => m.guid === record.self);
    if (self !== undefined && isAsync(self)) return this.#beginAsync(record, host);
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
      journal: this.#journalOptions(name, host),
    };
    let mirror: Mirror;
    try {
      mirror = new Mirror(options);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      hooks.close();
      watch?.close();
      this.#mirror = this.#async = null;
      this.#held = new HeldMember(record, error);
      return this.#context.log(2, this.#held.line);
    }
    host.belongTo(mirror);
    host.install();
    this.#host = host;
    this.#mirror = mirror;
    this.#async = null;
    this.#watch = watch ?? null;
    this.#status = new StatusView(mirror);
    mirror.start(this.#context.byPerson);
  }

  #journalOptions(mirror: string, host: MemberHost): MirrorOptions['journal'] {
    const { paths, store } = this.#context;
    return {
      directory: paths.journal,
      logs: [path.join(paths.mgr, 'journal.log'), path.join(paths.mgr, `mirrorjrn-${mirror}.log`)],
      fileBytesMax: store.journalBytesMax,
      newDisk: () => store.newDisk(),
      databasePositions: () => host.databases().flatMap((d) => d.position ?? []),
    };
  }

  #beginAsync(record: MirrorRecord, host: MemberHost): void {
    const { io, net, paths, log } = this.#context;
    let member: AsyncMember;
    try {
      member = new AsyncMember({ io, net, host, mgr: paths.mgr, record, journal: this.#journalOptions(record.membership.mirror, host) });
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#mirror = this.#async = null;
      this.#held = new HeldMember(record, error);
      return log(2, this.#held.line);
    }
    host.belongToAsync(member);
    host.install();
    this.#async = member;
    this.#mirror = this.#watch = null;
    this.#context.store.onMirroredFailed(() => member.dejournaler.databaseFailed());
    this.#status = new AsyncStatusView(member);
    member.start();
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
    await this.#mirror?.stop(false);
    await this.#async?.stop();
    this.#watch?.close();
    const { io, paths, changed } = this.#context;
    const record = readRecord(io.files, paths.mgr);
    assert(record !== null, 'a member has a record');
    this.#noteType(record);
    await this.#begin(record);
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
    if (this.#mirror !== null) this.#watch?.tell(signOf(this.#mirror));
    this.#context.changed();
  }

  async stop(nofailover: boolean): Promise<void> {
    this.#isStopping = true;
    await this.#anew;
    await this.#mirror?.stop(nofailover);
    await this.#async?.stop();
    this.#watch?.close();
  }

  /** The member of whichever type. Throws when the instance is in no mirror, or in none of that name. */
  #requireAny(name?: string): Mirror | AsyncMember {
    const mirror = this.#mirror ?? this.#async;
    if (this.#held !== null) throw this.#held.refusal();
    if (mirror === null) throw notInMirror();
    if (name !== undefined && name.toUpperCase() !== mirror.membership.mirror) {
      throw new GemelError(
        'NOT_FOUND',
        `This instance is not in a mirror ${name.toUpperCase()}.`,
        'Nothing was changed.',
        `It is in ${mirror.membership.mirror}.`,
      );
    }
    return mirror;
  }

  /** As `#requireAny`, for what only failover members do. */
  #require(name?: string): Mirror {
    const member = this.#requireAny(name);
    if (member instanceof AsyncMember)
      throw new GemelError(
        'REFUSED',
        `This instance is an async member of the mirror ${member.membership.mirror} (${member.self.type}); that is for failover members.`,
        'Nothing was changed.',
        'Do it on the primary; `gemel mirror status` shows which member that is.',
      );
    return member;
  }

  // ------------------------------------------------------------ creating and joining

  async create(params: Parsed<InstanceMethods, 'mirror.create'>): Promise<{ message: string }> {
    this.#refuseSecond();
    const name = valid(MirrorName, params.name, 'a mirror');
    const { member: self } = await this.#asMember(params, 'Failover');
    const arbiter = params.arbiter === undefined ? null : await arbiterAddress(params.arbiter, [self], params.arbiterOnMemberHost);
    const membership: Membership = {
      mirror: name,
      guid: this.#context.io.random.guid(),
      version: 1,
      qosMs: params.qosMs,
      arbiter,
      arbiterOnMemberHost: params.arbiterOnMemberHost,
      members: [self],
      databases: [],
    };
    await this.#enter({ self: self.guid, membership, durable: newDurable });
    await this.#mirror?.until((state) => state.role.is === 'primary', SETTLE_MS);
    return { message: `The mirror ${name} is created; this instance is its first failover member ${self.name}.` };
  }

  async join(params: Parsed<InstanceMethods, 'mirror.join'>): Promise<{ message: string }> {
    this.#refuseSecond();
    const name = valid(MirrorName, params.mirror, 'a mirror');
    const type = typeOf[params.as];
    const { member: self, hasAgent } = await this.#asMember(params, type);
    const agent = valid(HostPort, params.agent, 'an agent');
    const { net, io } = this.#context;
    const membership = await askToBeAdmitted(
      { net, clock: io.clock },
      { agent, instance: params.via.toUpperCase() },
      { mirror: name, member: self },
    );
    await this.#enter({ self: self.guid, membership, durable: newDurable });
    await this.#mirror?.until((state) => state.role.is === 'backup', SETTLE_MS);
    return { message: `This instance has joined the mirror ${name} as ${typeText(type)} member ${self.name}.${hasAgent ? '' : noAgent}` };
  }

  /** Asked on a failover member, through its agent. */
  async admit(params: Parsed<InstanceMethods, 'mirror.admit'>): Promise<Admitted> {
    const mirror = this.#require(params.mirror);
    const member = Member.parse(params.member);
    const { arbiter, arbiterOnMemberHost } = mirror.membership;
    if (arbiter !== null) await arbiterAddress(arbiter, [member], arbiterOnMemberHost);
    const { role } = mirror.state;
    if (role.is === 'backup' && mirror.partner !== null)
      return { membership: null, elsewhere: { agent: mirror.partner.agentAddress, instance: mirror.partner.instance } };
    if (role.is !== 'primary')
      throw new GemelError(
        'REFUSED',
        'That instance is not the primary now.',
        'Nothing was changed.',
        'Join through the member that is primary.',
      );
    checkNewMember(mirror.membership, member);
    await mirror.requests.changeMembership((m) => ({ ...m, members: [...m.members, member] }));
    this.#context.log(1, `The instance ${member.instance} was added to the mirror as ${typeText(member.type)} member ${member.name}.`);
    return { membership: mirror.membership, elsewhere: null };
  }

  #refuseSecond(): void {
    const name = (this.#mirror ?? this.#async)?.membership.mirror ?? this.#held?.mirror;
    if (name === undefined) return;
    throw new GemelError(
      'REFUSED',
      `This instance is in the mirror ${name} already.`,
      'Nothing was changed.',
      'A failover or disaster recovery member belongs to one mirror; of a reporting member more are not built yet.',
    );
  }

  /** A mirror member's record must be there before anything of it is. */
  async #enter(record: MirrorRecord): Promise<void> {
    const { io, paths, settings, superserver } = this.#context;
    writeRecord(io.files, paths.mgr, record);
    const { mirror, guid } = record.membership;
    const self = record.membership.members.find((m) => m.guid === record.self);
    const change = (s: Settings): Settings => ({
      ...s,
      // Others remember where this member is: it stays there.
      Startup: { ...s.Startup, DefaultPort: superserver().port },
      MirrorMember: { ...s.MirrorMember, GUID: record.self, Name: self?.name ?? '' },
      Mirrors: { ...s.Mirrors, [mirror]: { GUID: guid, Type: self?.type ?? 'Failover' } },
    });
    Object.assign(settings, change(updateSettings(paths.settings, change, io.files)));
    await this.#begin(record);
  }

  #asMember(given: OwnAddresses, type: MemberType): ReturnType<typeof newMember> {
    const { io, settings, home, superserver } = this.#context;
    return newMember(given, { guid: io.random.guid(), instance: settings.Startup.InstanceName, home, type, superserver: superserver() });
  }

  // ------------------------------------------------------------ databases

  async createDatabase(params: Parsed<InstanceMethods, 'db.create'>): Promise<OpenDatabase> {
    const made = await createMirrored(params, this.#requireAny(params.mirror), this.#host, this.#context);
    this.#context.changed();
    return made;
  }

  // ------------------------------------------------------------ requests

  status(name: string | undefined): MirrorStatus {
    this.#requireAny(name);
    if (this.#status === null) throw notInMirror();
    return this.#status.status();
  }

  whatIf(name: string | undefined): Promise<WhatIf[]> {
    return whatIfNow(this.#require(name));
  }

  /** Sets dejournaling of an async member, or only tells how it is set. */
  async dejournal({ mirror, action, from, to }: Parsed<InstanceMethods, 'mirror.dejournal'>): Promise<DejournalView> {
    const member = this.#requireAny(mirror);
    if (member instanceof Mirror)
      throw new GemelError(
        'REFUSED',
        'Dejournaling cannot be paused on a failover member: the backup has to be able to take over.',
        'Nothing was changed.',
        'Do it on an async member.',
      );
    return dejournal(member, action, from, to);
  }

  promote(name: string | undefined): Promise<{ message: string }> {
    return promote(this.#requireAny(name), () => this.#begun());
  }

  demote(name: string | undefined): Promise<{ message: string }> {
    return demote(this.#require(name), () => this.#begun());
  }

  /** Once a change to another type is over: the failover member, if this is one now. */
  async #begun(): Promise<Mirror | null> {
    await this.#anew;
    return this.#mirror;
  }

  stopMirroring(name: string | undefined): Promise<{ message: string }> {
    return stopMirroring(this.#requireAny(name));
  }

  startMirroring(name: string | undefined): Promise<{ message: string }> {
    return startMirroring(this.#requireAny(name));
  }

  /** What an operator may do. Throws when the instance is in no mirror, or in none of that name. */
  operator(name?: string): Operator {
    return new Operator(this.#require(name));
  }
}

const noAgent = ' Its host has no agent that runs: start one, or the others cannot learn how this member is while it is down.';

/** A member's type within a sentence. */
function typeText(type: MemberType): string {
  return type.toLowerCase();
}
