import { join } from 'node:path';
import { GemelError } from '../../api/errors.ts';
import type { Look } from '../../instance/host.ts';
import type { StoreParts } from '../../instance/store/index.ts';
import { memoryParts, sqliteParts } from '../database/index.ts';
import type { SiteName } from '../faults/kinds.ts';
import { simIo, type SimHost, type SimProcess } from '../io/index.ts';
import { startAgent } from './agent.ts';
import { leftBy, type Reach } from './begins.ts';
import { Instance } from './instance.ts';
import { asyncsOf, database, layOut, memberGuids, membership, pathsOf, ports } from './layout.ts';
import { ask } from './operator.ts';
import type { World } from './world.ts';

/** A host with a member of the mirror, of whichever type, and its agent: what is started, ends and is started again there. */
export class Site {
  readonly world: World;
  readonly name: SiteName;
  readonly host: SimHost;
  instance: Instance | null = null;
  /** null: it does not run, or the host has none. */
  agent: SimProcess | null = null;
  /** World time at which it was started. */
  agentSince = 0;
  /** What its member's journal holds while no instance runs; null: one runs, or what was not synced is gone. */
  left: Reach | null = null;
  /** Its member will never run again. */
  isGone = false;
  /** Somebody sees to it that its instance is not started for a while. */
  isHeldDown = false;

  constructor(world: World, name: SiteName) {
    this.world = world;
    this.name = name;
    this.host = world.newHost(name);
  }

  /** As a member. */
  get guid(): string {
    return memberGuids[this.name];
  }

  note(text: string): void {
    this.world.note(this.name, text);
  }

  /** What the instance's store is made of in that process. */
  parts(process: SimProcess): StoreParts {
    return this.world.directory === null ? memoryParts(process) : sqliteParts(process);
  }

  /** A member that has never run. */
  layOut(): void {
    const process = this.host.spawn('setup');
    const { qosMs, arbiter, asyncs } = this.world.profile;
    layOut(simIo(process).files, this.name, membership(qosMs, arbiter, ['A', 'B', ...asyncsOf(asyncs)]));
    this.parts(process).createDatabase(this.database, database);
    process.kill();
  }

  /** Where the mirrored database lies: on the host's drive, or in a directory of this computer. */
  get database(): string {
    const { directory } = this.world;
    return directory === null ? `${pathsOf(this.name).directory}/data` : join(directory, this.name);
  }

  /** Does nothing when it runs already, or the host has no power. */
  start(): void {
    if (this.instance !== null || !this.host.isOn || this.isGone || this.isHeldDown) return;
    const process = this.host.spawn('instance');
    const instance = new Instance(this, process, simIo(process), this.world.net.of(process));
    this.instance = instance;
    this.left = null;
    process.onUncaught = (error) => this.failed(instance, error);
    this.note('starts');
    process.onEnd(() => {
      if (this.instance === instance) {
        this.left = leftBy(instance);
        this.instance = null;
      }
      instance.killed(this.host.isOn);
      this.note('has ended');
      this.world.startLater(this);
    });
    process.run(() => {
      instance.start().catch((error: unknown) => this.failed(instance, error));
    });
  }

  /** What the process of an instance does with an error that nobody handles: it ends at once. */
  failed(instance: Instance, error: unknown): void {
    if (!instance.process.alive) return;
    this.world.uncaught(this.name, error);
    instance.process.kill();
  }

  powerCut(): void {
    this.note('power cut');
    this.instance?.killed(false);
    this.host.powerCut();
    this.left = null;
  }

  /** Everything that should run here runs. */
  allUp(): void {
    this.host.powerOn();
    for (const process of this.host.processes) process.resume();
    if (this.instance !== null) this.instance.stoppedAt = null;
    this.startAgent();
    this.start();
  }

  /** An operator stops mirroring here, or starts it. */
  setMirroring(isOn: boolean): void {
    const { instance } = this;
    if (instance === null || instance.member === null) return ask(this, isOn ? 'start-mirroring' : 'stop-mirroring');
    instance.process.run(() => {
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

  /** Where an agent runs, if one does: on the hosts of those that are or may become failover members. */
  get #agentPort(): number | null {
    if (this.name === 'E' || (this.name === 'D' && this.world.profile.roles !== true)) return null;
    return ports.agent[this.name];
  }

  startAgent(): void {
    const port = this.#agentPort;
    if (port === null || this.agent !== null || !this.host.isOn) return;
    const process = this.host.spawn('agent');
    this.agent = process;
    this.agentSince = this.world.now;
    process.onUncaught = (error) => {
      this.world.uncaught(`${this.name}-agent`, error);
      process.kill();
    };
    process.onEnd(() => {
      this.agent = null;
    });
    const { directory } = pathsOf(this.name);
    const forceDown = (): void => this.instance?.process.kill();
    const instances = [{ name: this.name, directory, look: () => this.#look(), forceDown }];
    process.run(() => {
      startAgent({
        host: this.name,
        port,
        io: simIo(process),
        net: this.world.net.of(process),
        instances,
        note: (text) => this.world.note(`${this.name}-agent`, text),
      }).catch((error: unknown) => {
        this.world.uncaught(`${this.name}-agent`, error);
        process.kill();
      });
    });
  }

  /** As the instance's lock, its watchdog's pulse and the system would show it. */
  #look(): Look {
    const { instance } = this;
    if (instance === null) return { state: 'down', why: 'nobody holds its lock', member: null };
    const { mirror, member: async, phase, stoppedAt } = instance;
    // Nothing watches an async.
    if (async !== null) return { state: 'operating', why: 'it turns', member: null };
    if (mirror === null || phase === 'starting') return { state: 'starting', why: 'it is starting', member: null };
    const { role } = mirror.state;
    const member = { boot: mirror.boot, role: role.is === 'primary' && role.trouble !== null ? ('in-trouble' as const) : role.is };
    const isHung = stoppedAt !== null && this.world.now - stoppedAt > mirror.membership.qosMs / 2;
    return isHung ? { state: 'hung', why: 'the system has stopped it', member } : { state: 'operating', why: 'it turns', member };
  }
}
