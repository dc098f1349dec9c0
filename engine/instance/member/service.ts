import type { Admitted, InstanceMethods, Parsed } from '../../api/contract.ts';
import type { DejournalView, FilterView } from '../../api/dejournaling.ts';
import { GemelError } from '../../api/errors.ts';
import { HostPort, MirrorName } from '../../api/names.ts';
import type { InstanceStatus, MemberType, MirrorStatus, WhatIf } from '../../api/status.ts';
import {
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
import type { OpenDatabase } from '../executor/index.ts';
import { updateSettings, type Settings } from '../settings.ts';
import { arbiterAddress } from './arbiter-address.ts';
import { compressionOf } from './compression.ts';
import { createMirrored } from './create-mirrored.ts';
import { dejournal } from './dejournal.ts';
import { notInMirror } from './host.ts';
import { askToBeAdmitted, checkAnother, checkNewMember, typeOf } from './joining.ts';
import type { Lost } from './lost.ts';
import { Operator } from './operator.ts';
import { newMember, runningAgent, type OwnAddresses } from './own-member.ts';
import { memberAt, Place, type PlaceContext } from './place.ts';
import { clearFailoverDB, filter } from './reporting.ts';
import { demote, promote, startMirroring, stopMirroring } from './role-changes.ts';
import { changeType } from './type-change.ts';
import { valid } from './valid.ts';

/** How long creating and joining wait for the role they lead to before they answer. */
const SETTLE_MS = 5000;

export interface MirrorServiceContext extends PlaceContext {
  readonly home: string;
  /** Where the superserver listens. */
  readonly superserver: () => { host: string; port: number };
}

/** The instance's places in mirrors: creating, joining, leaving them to work, and what can be asked of them. */
export class MirrorService {
  readonly #context: MirrorServiceContext;
  /** One, or several of a reporting member; in the order of their mirrors' names. */
  #places: readonly Place[] = [];

  constructor(context: MirrorServiceContext) {
    this.#context = context;
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
    for (const record of readRecords(this.#context.io.files, this.#context.paths.mgr)) await this.#take(record);
  }

  async #take(record: MirrorRecord): Promise<Place> {
    const place = new Place(record.membership.mirror, this.#context);
    this.#places = [...this.#places, place].sort((a, b) => (a.mirror < b.mirror ? -1 : 1));
    await place.begin(record);
    return place;
  }

  async stop(nofailover: boolean): Promise<void> {
    await Promise.all(this.#places.map((place) => place.stop(nofailover)));
  }

  /** The place in the mirror of that name, or the only one. Throws REFUSED, NOT_FOUND, USAGE. */
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
    checkAnother(this.#places, 'Failover', params.name);
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
      compression: compressionOf(params),
      members: [self],
      databases: [],
    };
    const { member } = await this.#enter({ self: self.guid, membership, durable: newDurable });
    if (member instanceof Mirror) await member.until((state) => state.role.is === 'primary', SETTLE_MS);
    return { message: `The mirror ${name} is created; this instance is its first failover member ${self.name}.` };
  }

  async join(params: Parsed<InstanceMethods, 'mirror.join'>): Promise<{ message: string }> {
    const name = valid(MirrorName, params.mirror, 'a mirror');
    const type = typeOf[params.as];
    const known = checkAnother(this.#places, type, name, params.member);
    const { member: self, hasAgent } = await this.#asMember(
      { ...params, ...(known === null ? {} : { member: known.name }) },
      type,
      known?.guid,
    );
    const agent = valid(HostPort, params.agent, 'an agent');
    const { net, io } = this.#context;
    const membership = await askToBeAdmitted(
      { net, clock: io.clock },
      { agent, instance: params.via.toUpperCase() },
      { mirror: name, member: self },
    );
    const { member } = await this.#enter({ self: self.guid, membership, durable: newDurable });
    if (member instanceof Mirror) await member.until((state) => state.role.is === 'backup', SETTLE_MS);
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

  /** A mirror member's record must be there before anything of it is. */
  async #enter(record: MirrorRecord): Promise<Place> {
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
    return this.#take(record);
  }

  /** @param guid of the instance as a member of its other mirrors; left out: a new one */
  #asMember(given: OwnAddresses, type: MemberType, guid = this.#context.io.random.guid()): ReturnType<typeof newMember> {
    const { settings, home, superserver } = this.#context;
    return newMember(given, { guid, instance: settings.Startup.InstanceName, home, type, superserver: superserver() });
  }

  // ------------------------------------------------------------ databases

  async createDatabase(params: Parsed<InstanceMethods, 'db.create'>): Promise<OpenDatabase> {
    const place = this.#place(params.mirror);
    const made = await createMirrored(params, memberAt(place), place.host, this.#context);
    this.#context.changed();
    return made;
  }

  // ------------------------------------------------------------ requests

  status(name: string | undefined): MirrorStatus {
    const place = this.#place(name);
    memberAt(place);
    if (place.view === null) throw notInMirror();
    return place.view.status();
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

  async promote(name: string | undefined): Promise<{ message: string }> {
    const place = this.#place(name);
    return promote(memberAt(place), () => place.begun());
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
