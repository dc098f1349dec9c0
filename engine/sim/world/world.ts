import { GemelError } from '../../api/errors.ts';
import { assert, AssertionError } from '../../io/index.ts';
import { History } from '../clients/history.ts';
import { Ledger } from '../checkers/ledger.ts';
import { describeFault, type Fault, type MemberHostName, type SiteName } from '../faults/kinds.ts';
import { SimHost, SimNet, simIo, Timeline, type SimProcess, type SimRandom } from '../io/index.ts';
import { startAgent } from './agent.ts';
import { Asyncs } from './asyncs.ts';
import { ClientSide } from './client-side.ts';
import { checkEnd } from './end.ts';
import { healAll, inject } from './inject.ts';
import type { Instance } from './instance.ts';
import { asyncsOf, ports } from './layout.ts';
import { ask, askForTheUsual, force } from './operator.ts';
import { askForUsualRoles } from './role-operator.ts';
import { Roles } from './roles.ts';
import { Site } from './site.ts';

export interface WorldProfile {
  readonly qosMs: number;
  /** How long faults come. */
  readonly faultsMs: number;
  readonly arbiter: boolean;
  /** How many async members there are: none, one or two. */
  readonly asyncs?: number;
  /** Whether members' roles change: the disaster recovery async has an agent, and asyncs answer who asks them. */
  readonly roles?: boolean;
  readonly clients: number;
  readonly thinkMs: number;
}

/** Something that must never be. */
class Violation extends Error {}

/** Longest time until a mirror in which everything is well works again. */
const LIVENESS_Q = 40;
const LIVENESS_MS = 120_000;
/** What a disk was doing when everything became well takes this long at most. */
const SLOW_DISK_MS = 60_000;
/** So long a member with a bad disk may try to come back. */
const ALONE_Q = 12;
/** More than any run needs. */
const STEPS_MAX = 400_000;
/** Databases are looked at, whether they contain only what they may, every so many steps. */
const CONTAINED_EVERY = 64;
/** The same, whether those of asyncs show a state that the mirror had. */
const SHOWN_EVERY = 256;

/** Two failover members on their hosts with agents, an arbiter, asyncs, clients, the network between them, and everything that checks them. */
export class World {
  readonly profile: WorldProfile;
  readonly timeline = new Timeline();
  readonly random: SimRandom;
  readonly net: SimNet;
  readonly history = new History();
  readonly ledger: Ledger;
  readonly sites: Readonly<Record<MemberHostName, Site>>;
  /** All members. */
  readonly everyone: readonly Site[];
  readonly roles: Roles;
  readonly asyncs: Asyncs;
  readonly clients: ClientSide;
  readonly lines: string[] = [];
  /** Where real database files lie; null: databases are kept in memory. */
  readonly directory: string | null;
  readonly #arbiterHost: SimHost;
  arbiter: SimProcess | null = null;
  /** Faults come, and not everybody who starts a member is a person. */
  isFaulty = false;
  #hasEnded = false;
  #steps = 0;
  #uncaught: unknown = null;
  /** The newest major that a member has opened in. */
  #major = 0;
  /** The member that operators force. */
  forces: Site | null = null;
  arbiterIsAway = false;
  /** The member whose disk has gone wrong. */
  damaged: Site | null = null;
  #wellSince = Infinity;
  /** World time at which somebody last did something to the mirror, or will have stopped doing so. */
  disturbedAt = 0;
  /** Operators have changed members' roles. */
  rolesChange = false;

  constructor(random: SimRandom, profile: WorldProfile, options: { readonly directory: string | null; readonly keepLines?: number }) {
    this.random = random.fork('world');
    this.profile = profile;
    const { keepLines = 0, directory } = options;
    this.directory = directory;
    if (keepLines > 0) {
      this.timeline.onNote = (now, text) => {
        this.lines.push(`${now.toFixed(1).padStart(9)} ${text}`);
        if (this.lines.length > 2 * keepLines) this.lines.splice(0, keepLines);
      };
    }
    this.net = new SimNet(this.timeline, this.random);
    this.net.records = true;
    this.ledger = new Ledger((what) => this.fail(what));
    this.sites = { A: new Site(this, 'A'), B: new Site(this, 'B') };
    this.#arbiterHost = this.newHost('R');
    this.everyone = [this.sites.A, this.sites.B, ...asyncsOf(profile.asyncs).map((name) => new Site(this, name))];
    this.roles = new Roles(this);
    this.asyncs = new Asyncs(this);
    this.clients = new ClientSide(this);
  }

  newHost(name: string): SimHost {
    const host = new SimHost(name, this.timeline, this.random);
    this.net.join(host);
    return host;
  }

  /** The failover members: one, or two. */
  get all(): readonly Site[] {
    return this.roles.failover;
  }

  /** Throws where this world has no such host. */
  site(name: SiteName): Site {
    const site = this.everyone.find((each) => each.name === name);
    assert(site !== undefined, 'only hosts that are there are asked for');
    return site;
  }

  get now(): number {
    return this.timeline.now;
  }

  get hash(): string {
    return this.timeline.traceHash;
  }

  note(who: string, text: string): void {
    this.timeline.note(`${who} ${text}`);
  }

  fail(what: string): never {
    throw new Violation(what);
  }

  // ------------------------------------------------------------ time

  async run(ms: number): Promise<void> {
    const end = this.now + ms;
    await this.timeline.run(() => {
      this.#check();
      const next = this.timeline.nextAt;
      return next === null || next > end;
    });
    await this.timeline.runUntil(end);
  }

  /** Runs until it is so. @returns whether it came about within `ms` */
  async until(isSo: () => boolean, ms: number): Promise<boolean> {
    const end = this.now + ms;
    while (this.now < end) {
      if (isSo()) return true;
      await this.run(this.profile.qosMs / 8);
    }
    return isSo();
  }

  // ------------------------------------------------------------ what must always hold

  #check(): void {
    if (this.#uncaught !== null) throw this.#uncaught;
    this.#steps += 1;
    if (this.#steps > STEPS_MAX) this.fail(`something goes on without end at ${this.now.toFixed(3)}: ${this.state}`);
    this.roles.look();
    this.asyncs.checkHeld();
    if (this.#steps % CONTAINED_EVERY === 0) for (const site of this.everyone) this.#checkContained(site);
    if (this.#steps % SHOWN_EVERY === 0) this.asyncs.checkShown();
    const open = this.everyone.flatMap(({ instance }) => (instance?.isOpen === true && !instance.process.paused ? [instance] : []));
    if (open.length > 1) for (const a of open) for (const b of open) if (a !== b) this.#checkReads(a, b);
  }

  /** Who has been followed by another primary shows nothing durable any more. */
  #checkReads(older: Instance, newer: Instance): void {
    const [was, is] = [older.mirror?.journal.writer?.epoch, newer.mirror?.journal.writer?.epoch];
    if (was === undefined || is === undefined || was.major !== is.major || was.minor > is.minor) return;
    if (older.mirror?.mayRead() === true)
      this.fail(
        `${older.site.name} answers durable reads in ${was.major}.${was.minor} while ${newer.site.name} is open in ${is.major}.${is.minor}`,
      );
  }

  #checkContained(site: Site): void {
    const { instance } = site;
    const mirror = instance?.mirror ?? null;
    if (instance === null || mirror === null || !instance.process.alive || site === this.damaged) return;
    for (const { position } of instance.host?.databases() ?? [])
      if (position !== null) this.ledger.contained(site.name, mirror.journal.journal.lineage, position);
  }

  /** A member opens for users: no transaction is open, and none is there in part. */
  opened(instance: Instance): void {
    const { epoch } = instance.mirror?.journal.writer ?? {};
    this.note(instance.site.name, `is open for users in ${epoch?.major ?? 0}.${epoch?.minor ?? 0}`);
    if (epoch !== undefined && epoch.major > this.#major && this.ledger.hasLost(this.#major, epoch.major))
      this.history.cut(
        (key) => instance.read(`^${key}`),
        (pair) => instance.readPair(pair, 'a'),
      );
    this.#major = Math.max(this.#major, epoch?.major ?? 0);
    const wrong = this.history.checkPairs((pair, node) => instance.readPair(pair, node));
    if (wrong !== null) this.fail(`${instance.site.name} opens: ${wrong}`);
  }

  /** A process met an error that nobody handled. Of a disk it ends the process; anything else is a bug. */
  uncaught(who: string, error: unknown): void {
    this.note(who, `ends by ${error instanceof Error ? error.message : String(error)}`);
    const isOfDisk = this.damaged !== null && who.startsWith(this.damaged.name) && error instanceof GemelError;
    if (!isOfDisk && !isExpected(error)) this.#uncaught ??= error;
  }

  // ------------------------------------------------------------ what happens

  /** Comes to work: an active backup, under the arbiter's rules where there is one. */
  async begin(): Promise<void> {
    for (const site of this.everyone) site.layOut();
    this.startArbiter();
    for (const site of this.everyone) site.allUp();
    if (!(await this.until(() => this.isWell, 40 * this.profile.qosMs)))
      this.fail(`the mirror does not come to work at all: ${this.state}`);
    this.clients.start(this.profile.clients);
  }

  /** @param first in how many ms the first of them comes; left out: their times count from now */
  plan(faults: readonly Fault[], first?: number): void {
    this.isFaulty = true;
    const before = first === undefined ? 0 : (faults[0]?.at ?? 0) - first;
    for (const fault of faults) {
      this.timeline.in(fault.at - before, () => {
        if (!this.isFaulty) return;
        this.note('--', describeFault(fault));
        inject(this, fault);
      });
    }
  }

  /** Everything is well again: the mirror must come back to work, and both members to the same content. */
  async endWell(): Promise<void> {
    this.isFaulty = false;
    this.note('--', 'everything is well again');
    healAll(this);
    const { qosMs } = this.profile;
    this.#wellSince = this.now;
    const longest = LIVENESS_Q * qosMs + LIVENESS_MS;
    const first = this.damaged === null ? longest : 2 * ALONE_Q * qosMs;
    if (!(await this.until(() => this.#mend() && this.isWell, first)) && !(await this.#doWithoutDamaged(longest)))
      this.fail(`the mirror does not come back to work: ${this.state}`);
    if (!(await this.#serves()) && !(await this.#handsOverDamaged())) this.fail(`no client is served: ${this.state}`);
    this.clients.stop();
    await this.until(() => this.clients.areQuiet, 4 * qosMs);
    if (!(await this.until(() => this.#asyncsAreWell, longest))) this.fail(`an async does not catch up: ${this.state}`);
    await checkEnd(this);
  }

  /** What only a person can mend is started anew. True when nothing is left to ask for. */
  #mend(): boolean {
    for (const site of this.all) {
      const { instance } = site;
      if (instance?.isBroken === true || instance?.mirror?.state.role.is === 'down') {
        site.note('is started anew by a person');
        instance.process.kill();
      }
    }
    const [settings, roles] = [askForTheUsual(this), askForUsualRoles(this)];
    return !settings && !roles;
  }

  get #asyncsAreWell(): boolean {
    this.asyncs.mend();
    const primary = this.all.find((site) => site.instance?.isOpen === true)?.instance ?? null;
    return primary !== null && this.asyncs.areWell(primary);
  }

  #serves(): Promise<boolean> {
    const before = this.history.acknowledged;
    return this.until(() => this.history.acknowledged > before, 20 * this.profile.qosMs + SLOW_DISK_MS);
  }

  /** A primary that cannot read its database refuses everything; an operator hands over. */
  async #handsOverDamaged(): Promise<boolean> {
    const { damaged } = this;
    if (damaged?.instance?.isOpen !== true) return false;
    ask(damaged, 'hand-over');
    return (await this.until(() => this.isWell, LIVENESS_Q * this.profile.qosMs)) && this.#serves();
  }

  /** The member with the bad disk is taken away, and an operator forces the other one. */
  async #doWithoutDamaged(ms: number): Promise<boolean> {
    const { damaged } = this;
    if (damaged === null) return false;
    damaged.note('is taken away');
    damaged.isGone = true;
    damaged.powerCut();
    this.forces = null;
    await this.run(this.profile.qosMs);
    const partner = this.partnerOf(damaged);
    if (partner !== null) force(this, partner);
    return this.until(() => this.#mend() && this.isWell, ms);
  }

  /** Something is done to the mirror for so long. */
  disturbed(ms: number): void {
    this.disturbedAt = Math.max(this.disturbedAt, this.now + ms);
  }

  startArbiter(): void {
    if (this.arbiter !== null || !this.profile.arbiter || this.arbiterIsAway) return;
    const process = this.#arbiterHost.spawn('agent');
    this.arbiter = process;
    process.onEnd(() => {
      this.arbiter = null;
    });
    process.run(() => {
      const note = (text: string): void => this.note('R', text);
      startAgent({ host: 'R', port: ports.agent.R, io: simIo(process), net: this.net.of(process), instances: [], note }).catch(
        (error: unknown) => this.uncaught('R', error),
      );
    });
  }

  /** After a while somebody starts what has ended. */
  startLater(site: Site): void {
    if (this.#hasEnded) return;
    const ms = this.profile.qosMs * this.random.between(0.1, 5);
    this.timeline.in(ms, () => site.start());
  }

  end(): void {
    this.#hasEnded = true;
    this.clients.stop();
    for (const site of this.everyone) for (const process of site.host.processes) process.kill();
    this.arbiter?.kill();
  }

  /** Whether a start is asked for by a person: what was forced down starts for nobody else. */
  get byPerson(): boolean {
    return !this.isFaulty || this.random.chance(0.7);
  }

  /** One primary with an active backup, under the arbiter's rules where there is one; or alone, where the other member has found that it cannot follow. */
  get isWell(): boolean {
    if (this.#isAlone) return true;
    if (this.all.length === 1) return this.#isOnly;
    const roles = this.all.map((site) => site.instance?.mirror?.state.role);
    const primary = roles.find((role) => role?.is === 'primary');
    const backup = roles.find((role) => role?.is === 'backup');
    if (primary?.is !== 'primary' || backup?.is !== 'backup' || !this.all.some((site) => site.instance?.isOpen === true)) return false;
    if (primary.backup?.active !== true || backup.active === null || primary.trouble !== null) return false;
    return !this.profile.arbiter || backup.generation?.phase === 'formed';
  }

  /** A member with a bad disk may stand still: it has to be built anew. */
  isRuined(site: Site): boolean {
    return site === this.damaged;
  }

  /** With a bad disk it does not matter who; but the two get time to find together. */
  get #isAlone(): boolean {
    if (this.damaged === null || this.now < this.#wellSince + ALONE_Q * this.profile.qosMs) return false;
    return this.all.some(({ instance }) => {
      const role = instance?.mirror?.state.role;
      return instance?.isOpen === true && !instance.isBroken && role?.is === 'primary' && role.trouble === null;
    });
  }

  /** The primary is the only failover member, and works. */
  get #isOnly(): boolean {
    const [only] = this.all;
    const role = only?.instance?.mirror?.state.role;
    return only?.instance?.isOpen === true && role?.is === 'primary' && role.trouble === null && role.changing === null;
  }

  /** The other failover member; null: there is none. */
  partnerOf(site: Site): Site | null {
    return this.all.find((other) => other !== site) ?? null;
  }

  /** Roles, for messages. */
  get state(): string {
    const pair = this.all
      .map((site) => {
        const { instance } = site;
        if (instance === null) return `${site.name} is down`;
        return `${site.name} ${instance.phase} ${JSON.stringify(instance.mirror?.state.role ?? null)}`;
      })
      .join('; ');
    return `${pair}${this.asyncs.state}`;
  }
}

/** What a disk or a lost file can do to a process. */
function isExpected(error: unknown): boolean {
  if (error instanceof AssertionError || !(error instanceof Error) || !('code' in error)) return false;
  return ['IO', 'DISK_FULL', 'DAMAGED', 'NOT_FOUND'].includes(String(error.code));
}
