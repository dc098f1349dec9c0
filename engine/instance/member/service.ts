import type { Admitted, InstanceMethods, Parsed, Result } from '../../api/contract.ts';
import type { DejournalView, FilterView } from '../../api/dejournaling.ts';
import { GemelError } from '../../api/errors.ts';
import type { MirrorConfiguration } from '../../api/mirror-configuration.ts';
import { HostPort, MirrorName } from '../../api/names.ts';
import type { InstanceStatus, MemberType, MirrorStatus, WhatIf } from '../../api/status.ts';
import {
  AsyncDoor,
  AsyncMember,
  Member,
  type Membership,
  Mirror,
  newDurable,
  readRecords,
  whatIfNow,
  writeRecord,
  type MirrorRecord,
} from '../../mirror/index.ts';
import type { Connection } from '../../io/net.ts';
import { unmirrored, type OpenDatabase } from '../executor/index.ts';
import { updateSettings, type Settings } from '../settings.ts';
import { arbiterAddress } from './arbiter-address.ts';
import { compressionOf } from './compression.ts';
import { configurationOf } from './configuration.ts';
import { createMirrored } from './create-mirrored.ts';
import { DatabaseOperations } from './databases/index.ts';
import { dejournal } from './dejournal.ts';
import { edit } from './editing.ts';
import { HeldMember } from './held.ts';
import { notInMirror } from './host.ts';
import { askToBeAdmitted, checkAnother, checkNewMember, typeOf } from './joining.ts';
import type { Lost } from './lost.ts';
import { Operator } from './operator.ts';
import { newMember, runningAgent, type OwnAddresses } from './own-member.ts';
import { OwnPort } from './own-port.ts';
import { memberAt, Place, type PlaceContext } from './place.ts';
import {
  dropRemoval,
  finishRemoval,
  leaveMirror,
  readRemovals,
  recordWithout,
  removeMember,
  setFormerJournalAside,
  unmirrorRetained,
  type Removal,
} from './removal.ts';
import { RemovedMember } from './removed.ts';
import { clearFailoverDB, filter } from './reporting.ts';
import { demote, promote, startMirroring, stopMirroring } from './role-changes.ts';
import { changeType } from './type-change.ts';
import { valid } from './valid.ts';
import { heedValidatedMember } from './validated-member.ts';
import { joiningWarning, newVirtualAddress, virtualAddressText } from './virtual-address.ts';

/** How long creating and joining wait for the role they lead to before they answer. */
const SETTLE_MS = 5000;

export interface MirrorServiceContext extends Omit<PlaceContext, 'ownPort'> {
  readonly home: string;
  /** Where the superserver listens. */
  readonly superserver: () => { host: string; port: number };
  /** As `DatabaseContext`. */
  readonly seedWanted: (place: Place, databases: readonly string[]) => string;
  /** Listens on another port too, which others are told from now on. Throws PORT_IN_USE, RIGHTS, IO. */
  readonly listenAlso: (port: number) => Promise<void>;
}

/** The instance's places in mirrors: creating, joining, leaving them to work, and what can be asked of them. */
export class MirrorService {
  readonly #context: MirrorServiceContext;
  /** One, or several of a reporting member; in the order of their mirrors' names. */
  #places: readonly Place[] = [];
  readonly #door: AsyncDoor;
  readonly #ownPort: OwnPort;
  /** What is done with databases, mirrored or not. */
  readonly databases: DatabaseOperations;

  constructor(context: MirrorServiceContext) {
    this.#context = context;
    this.databases = new DatabaseOperations({ ...context, places: () => this.#places, placeIn: (name) => this.#place(name) });
    this.#ownPort = new OwnPort({ ...context, clock: context.io.clock });
    this.#door = new AsyncDoor(context.io.clock, () =>
      this.#places.flatMap(({ member }) => (member instanceof AsyncMember ? [member] : [])),
    );
  }

  /** Another member of one of the mirrors has connected. */
  accept(connection: Connection): void {
    (this.mirror ?? this.#door).accept(connection);
  }

  /** The failover member, if this instance is one. */
  get mirror(): Mirror | null {
    const member = this.#places[0]?.member ?? null;
    return member instanceof Mirror ? member : null;
  }

  get places(): readonly Place[] {
    return this.#places;
  }

  /** In a word each. */
  get memberships(): InstanceStatus['mirrors'] {
    return this.#places.map((place) => place.inWords);
  }

  /** Takes the instance's places in its mirrors, if it has some. */
  async start(): Promise<void> {
    const { io, paths } = this.#context;
    for (const record of readRecords(io.files, paths.mgr)) await this.#take(heedValidatedMember(record, this.#context));
    for (const removal of readRemovals(io.files, paths.mgr)) await this.#goOn(removal);
  }

  /** A removal that was under way when the instance ended. What an operator had begun may not have been granted before. */
  async #goOn(removal: Removal): Promise<void> {
    const { io, paths, log } = this.#context;
    const place = this.#places.find(({ mirror }) => mirror === removal.mirror);
    if (place !== undefined && !(place.held instanceof RemovedMember)) return dropRemoval(io.files, paths.mgr, removal.mirror);
    try {
      await this.#finish(removal);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      log(2, `The configuration of the mirror ${removal.mirror} cannot be removed yet: ${error.message}`);
    }
  }

  async #finish(removal: Removal): Promise<string> {
    const text = await finishRemoval(removal, this.#context);
    this.#places = this.#places.filter(({ mirror }) => mirror !== removal.mirror);
    if (this.#places.length === 0) this.#context.store.executor.role_ = unmirrored;
    this.#context.changed();
    return text;
  }

  async #take(record: MirrorRecord): Promise<Place> {
    const place = new Place(record.membership.mirror, { ...this.#context, ownPort: this.#ownPort });
    this.#places = [...this.#places, place].sort((a, b) => (a.mirror < b.mirror ? -1 : 1));
    await place.begin(record);
    return place;
  }

  async stop(nofailover: boolean): Promise<void> {
    this.#ownPort.close();
    await Promise.all(this.#places.map((place) => place.stop(nofailover)));
    this.#door.close();
  }

  /** The place in the mirror of that name, or the only one. Throws REFUSED, NOT_FOUND, USAGE. */
  place(name?: string): Place {
    return this.#place(name);
  }

  #place(name?: string): Place {
    const [first, ...others] = this.#places;
    if (first === undefined) throw notInMirror();
    const mirrors = this.#places.map(({ mirror }) => mirror).join(', ');
    if (name === undefined) {
      if (others.length === 0) return first;
      throw new GemelError(
        'USAGE',
        `This instance is in several mirrors: ${mirrors}.`,
        'Nothing was changed.',
        'Say which one: --mirror NAME.',
      );
    }
    const found = this.#places.find(({ mirror }) => mirror === name.toUpperCase());
    if (found !== undefined) return found;
    throw new GemelError(
      'NOT_FOUND',
      `This instance is not in a mirror ${name.toUpperCase()}.`,
      'Nothing was changed.',
      `It is in ${mirrors}.`,
    );
  }

  /** The member of whichever type. Throws as `#place` does, and when it is held. */
  #requireAny(name?: string): Mirror | AsyncMember {
    return memberAt(this.#place(name));
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
    this.#refuseRemoved();
    checkAnother(this.#places, 'Failover', params.name);
    const name = valid(MirrorName, params.name, 'a mirror');
    const { member: self } = await this.#asMember(params, 'Failover');
    const arbiter = params.arbiter === undefined ? null : await arbiterAddress(params.arbiter, [self], params.arbiterOnMemberHost);
    const vip = await newVirtualAddress(params, self, arbiter);
    const membership: Membership = {
      mirror: name,
      guid: this.#context.io.random.guid(),
      version: 1,
      qosMs: params.qosMs,
      arbiter,
      arbiterOnMemberHost: params.arbiterOnMemberHost,
      compression: compressionOf(params),
      members: [self],
      ...(params.parallelDejournaling === undefined ? {} : { parallelDejournaling: params.parallelDejournaling }),
      ...(vip === undefined ? {} : { vip }),
      databases: [],
    };
    const { member } = await this.#enter({ self: self.guid, membership, durable: newDurable });
    if (member instanceof Mirror) await member.until((state) => state.role.is === 'primary', SETTLE_MS);
    const virtual = vip === undefined ? '' : ` ${virtualAddressText(vip)}`;
    return { message: `The mirror ${name} is created; this instance is its first failover member ${self.name}.${virtual}` };
  }

  async join(params: Parsed<InstanceMethods, 'mirror.join'>): Promise<{ message: string }> {
    const name = valid(MirrorName, params.mirror, 'a mirror');
    const type = typeOf[params.as];
    this.#refuseRemoved();
    const known = checkAnother(this.#places, type, name, params.member);
    const { member: made, hasAgent } = await this.#asMember(
      { ...params, ...(known === null ? {} : { member: known.name }) },
      type,
      known?.guid,
    );
    const self = { ...made, ...(params.vipInterface === undefined ? {} : { vipInterface: params.vipInterface }) };
    const agent = valid(HostPort, params.agent, 'an agent');
    const { net, io } = this.#context;
    const membership = await askToBeAdmitted(
      { net, clock: io.clock },
      { agent, instance: params.via.toUpperCase() },
      { mirror: name, member: self },
    );
    const { member } = await this.#enter({ self: self.guid, membership, durable: newDurable });
    if (member instanceof Mirror) await member.until((state) => state.role.is === 'backup', SETTLE_MS);
    const warning = `${hasAgent ? '' : noAgent}${mayBePrimary(type) ? joiningWarning(membership.vip, params.vip, self.vipInterface) : ''}`;
    return { message: `This instance has joined the mirror ${name} as ${typeText(type)} member ${self.name}.${warning}` };
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

  /** Who has been removed says first what its databases are to be. */
  #refuseRemoved(): void {
    for (const { held } of this.#places) if (held instanceof RemovedMember) throw held.refusal();
  }

  /** A mirror member's record must be there before anything of it is. */
  async #enter(record: MirrorRecord): Promise<Place> {
    const { io, paths, settings, superserver } = this.#context;
    const { mirror, guid } = record.membership;
    setFormerJournalAside(this.#context, mirror, guid);
    writeRecord(io.files, paths.mgr, record);
    const self = record.membership.members.find((m) => m.guid === record.self);
    const change = (s: Settings): Settings => ({
      ...s,
      // Others remember where this member is: it stays there.
      Startup: { ...s.Startup, DefaultPort: superserver().port },
      MirrorMember: { ...s.MirrorMember, GUID: record.self, Name: self?.name ?? '' },
      Mirrors: { ...s.Mirrors, [mirror]: { GUID: guid, Type: self?.type ?? 'Failover' } },
    });
    Object.assign(settings, change(updateSettings(paths.settings, change, io.files)));
    return this.#take(record);
  }

  /** @param guid of the instance as a member of its other mirrors; left out: a new one */
  #asMember(given: OwnAddresses, type: MemberType, guid = this.#context.io.random.guid()): ReturnType<typeof newMember> {
    const { settings, home, superserver } = this.#context;
    return newMember(given, { guid, instance: settings.Startup.InstanceName, home, type, superserver: superserver() });
  }

  // ------------------------------------------------------------ databases

  /** `job`: follows the copies on the other members, where they were wanted. */
  async createDatabase(params: Parsed<InstanceMethods, 'db.create'>): Promise<{ made: OpenDatabase; job: string | null }> {
    const place = this.#place(params.mirror);
    const made = await createMirrored(params, memberAt(place), place.host, this.#context);
    this.#context.changed();
    const job = params.wholeMirror ? this.#context.seedWanted(place, [made.mirror?.database ?? made.name]) : null;
    return { made, job };
  }

  // ------------------------------------------------------------ requests

  status(name: string | undefined): MirrorStatus {
    const place = this.#place(name);
    memberAt(place);
    if (place.view === null) throw notInMirror();
    return place.view.status();
  }

  configuration(name: string | undefined): MirrorConfiguration {
    const { membership, self } = this.#requireAny(name);
    return configurationOf(membership, self.guid);
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

  /** On a reporting member: mirrored databases take local updates too, for good. */
  async clearFailoverDB(params: Parsed<InstanceMethods, 'db.clearFailoverDB'>): Promise<{ message: string }> {
    const done = await clearFailoverDB(params, this.#places, this.#context.store);
    this.#context.changed();
    return done;
  }

  /** On a reporting member: what its read-write databases take. */
  async filter(params: Parsed<InstanceMethods, 'mirror.filter'>): Promise<FilterView> {
    return filter(params, this.#requireAny(params.mirror));
  }

  /** An async becomes one of another type: in all its mirrors. */
  changeType(params: Parsed<InstanceMethods, 'mirror.changeType'>): Promise<{ message: string }> {
    return changeType(params, this.#places, () => runningAgent(this.#context.home, 'Disaster Recovery'));
  }

  edit(params: Parsed<InstanceMethods, 'mirror.edit'>): Promise<{ message: string }> {
    const { superserverPort, mirror } = params;
    const members = this.#places.flatMap(({ member }) => member ?? []);
    // The port is the instance's own: in whichever of its mirrors.
    const member = (superserverPort === undefined ? undefined : members[0]) ?? this.#requireAny(mirror);
    return edit(member, params, { log: this.#context.log, ownPort: this.#ownPort, all: members });
  }

  async removeMember({ mirror, member }: Parsed<InstanceMethods, 'mirror.removeMember'>): Promise<{ message: string }> {
    return removeMember(this.#requireAny(mirror), member);
  }

  /** Takes this instance out of a mirror, with what its databases are to be. */
  async remove({ mirror: name, databases }: Parsed<InstanceMethods, 'mirror.remove'>): Promise<{ message: string }> {
    if (this.#places.length === 0 && databases === 'unmirror') {
      const message = await unmirrorRetained(this.#context);
      if (message !== null) return { message };
    }
    const place = this.#place(name);
    // Nobody can say what it lacks or has: it may go, with its databases as they are.
    if (place.held instanceof HeldMember) await place.begin(recordWithout(place.held.record, this.#context));
    if (place.held instanceof RemovedMember) return { message: await this.#finish({ ...idOf(place.held.membership), databases }) };
    const member = memberAt(place);
    const removal = { ...idOf(member.membership), databases };
    const left = await leaveMirror(member, place.host, removal, this.#context);
    await place.begun();
    return { message: `${left} ${await this.#finish(removal)}` };
  }

  async promote({ mirror: name, ...wish }: Parsed<InstanceMethods, 'mirror.promote'>): Promise<Result<InstanceMethods, 'mirror.promote'>> {
    const place = this.#place(name);
    place.requireOwnJournal();
    return promote(memberAt(place), wish, () => place.begun());
  }

  async demote(name: string | undefined): Promise<{ message: string }> {
    const place = this.#place(name);
    return demote(this.#require(name), () => place.begun());
  }

  stopMirroring(name: string | undefined): Promise<{ message: string }> {
    return stopMirroring(this.#requireAny(name));
  }

  startMirroring(name: string | undefined): Promise<{ message: string }> {
    return startMirroring(this.#requireAny(name));
  }

  /** Updates that only this member had when its mirror went on without them. Throws when the instance is in no mirror, or in none of that name. */
  lost(name: string | undefined): Lost {
    return this.#place(name).lost();
  }

  async rebuild({ mirror, from }: Parsed<InstanceMethods, 'mirror.rebuild'>): Promise<{ message: string; aside: string[] }> {
    return this.#place(mirror).rebuild(from);
  }

  /** As `Operator.forcePrimary`; journal files that were copied here count. */
  async forcePrimary(params: Parsed<InstanceMethods, 'mirror.forcePrimary'>): Promise<{ message: string }> {
    await this.#place().takeCopied();
    return this.operator().forcePrimary(params);
  }

  /** What an operator may do. Throws when the instance is in no mirror, or in none of that name. */
  operator(name?: string): Operator {
    return new Operator(this.#require(name));
  }
}

const noAgent = ' Its host has no agent that runs: start one, or the others cannot learn how this member is while it is down.';

function idOf({ mirror, guid }: Membership): { mirror: string; guid: string } {
  return { mirror, guid };
}

function mayBePrimary(type: MemberType): boolean {
  return type === 'Failover' || type === 'Disaster Recovery';
}

/** A member's type within a sentence. */
function typeText(type: MemberType): string {
  return type.toLowerCase();
}
