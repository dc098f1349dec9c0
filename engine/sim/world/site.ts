import { join } from 'node:path';
import type { MemberHostName } from '../faults/kinds.ts';
import type { Look } from '../../instance/host.ts';
import type { StoreParts } from '../../instance/store/index.ts';
import { memoryParts, sqliteParts } from '../database/index.ts';
import { simIo, type SimHost, type SimProcess } from '../io/index.ts';
import { startAgent } from './agent.ts';
import { Instance } from './instance.ts';
import { database, layOut, membership, pathsOf, ports } from './layout.ts';
import type { World } from './world.ts';

/** A host with a failover member and its agent: what is started, ends and is started again there. */
export class Site {
  readonly world: World;
  readonly name: MemberHostName;
  readonly host: SimHost;
  instance: Instance | null = null;
  agent: SimProcess | null = null;
  /** Its member will never run again. */
  isGone = false;

  constructor(world: World, name: MemberHostName) {
    this.world = world;
    this.name = name;
    this.host = world.newHost(name);
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
    const { qosMs, arbiter } = this.world.profile;
    layOut(simIo(process).files, this.name, membership(qosMs, arbiter, ['A', 'B']));
    this.parts(process).createDatabase(this.database, database);
    process.kill();
  }

  /** Where the mirrored database lies: on the host's drive, or in a directory of this computer. */
  get database(): string {
    const { directory } = this.world;
    return directory === null ? `${pathsOf(this.name).directory}/data` : join(directory, this.name);
  }

  // ------------------------------------------------------------ the instance

  /** Does nothing when it runs already, or the host has no power. */
  start(): void {
    if (this.instance !== null || !this.host.isOn || this.isGone) return;
    const process = this.host.spawn('instance');
    const instance = new Instance(this, process, simIo(process), this.world.net.of(process));
    this.instance = instance;
    process.onUncaught = (error) => this.failed(instance, error);
    this.note('starts');
    process.onEnd(() => {
      if (this.instance === instance) this.instance = null;
      instance.service?.killed(this.host.isOn);
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

  // ------------------------------------------------------------ the agent

  startAgent(): void {
    if (this.agent !== null || !this.host.isOn) return;
    const process = this.host.spawn('agent');
    this.agent = process;
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
        port: ports.agent[this.name],
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
    const { mirror, phase, stoppedAt } = instance;
    if (mirror === null || phase === 'starting') return { state: 'starting', why: 'it is starting', member: null };
    const { role } = mirror.state;
    const member = { boot: mirror.boot, role: role.is === 'primary' && role.trouble !== null ? ('in-trouble' as const) : role.is };
    const isHung = stoppedAt !== null && this.world.now - stoppedAt > mirror.membership.qosMs / 2;
    return isHung ? { state: 'hung', why: 'the system has stopped it', member } : { state: 'operating', why: 'it turns', member };
  }

  // ------------------------------------------------------------ the host

  powerCut(): void {
    this.note('power cut');
    this.instance?.service?.killed(false);
    this.host.powerCut();
  }

  /** Everything that should run here runs. */
  allUp(): void {
    this.host.powerOn();
    for (const process of this.host.processes) process.resume();
    if (this.instance !== null) this.instance.stoppedAt = null;
    this.startAgent();
    this.start();
  }
}
