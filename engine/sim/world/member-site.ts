import { join } from 'node:path';
import type { StoreParts } from '../../instance/store/index.ts';
import type { SiteName } from '../faults/kinds.ts';
import { memoryParts, sqliteParts } from '../database/index.ts';
import { simIo, type SimHost, type SimProcess } from '../io/index.ts';
import { asyncsOf, database, layOut, membership, pathsOf } from './layout.ts';
import type { World } from './world.ts';

/** The process of an instance, as its host knows it. */
export interface Hosted {
  readonly process: SimProcess;
  /** World time at which the system stopped it; null: it runs. */
  stoppedAt: number | null;
  /** Something here can only be mended by a person: a journal or a database that takes no more. */
  readonly isBroken: boolean;
  /** Resolves when it takes connections. */
  start(): Promise<void>;
  /** The process is gone. @param told whether its clients learn that their connections are */
  killed(told: boolean): void;
}

/** A host with a member of the mirror: what is started, ends and is started again there. */
export abstract class MemberSite<I extends Hosted = Hosted> {
  readonly world: World;
  readonly name: SiteName;
  readonly host: SimHost;
  instance: I | null = null;
  /** Its member will never run again. */
  isGone = false;

  constructor(world: World, name: SiteName) {
    this.world = world;
    this.name = name;
    this.host = world.newHost(name);
  }

  /** The instance that runs in a process just started. */
  protected abstract newInstance(process: SimProcess): I;

  /** An operator stops mirroring here, or starts it. */
  abstract setMirroring(isOn: boolean): void;

  /** The host's agent, where it has one. */
  abstract startAgent(): void;

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
    if (this.instance !== null || !this.host.isOn || this.isGone) return;
    const process = this.host.spawn('instance');
    const instance = this.newInstance(process);
    this.instance = instance;
    process.onUncaught = (error) => this.failed(instance, error);
    this.note('starts');
    process.onEnd(() => {
      if (this.instance === instance) this.instance = null;
      instance.killed(this.host.isOn);
      this.note('has ended');
      this.world.startLater(this);
    });
    process.run(() => {
      instance.start().catch((error: unknown) => this.failed(instance, error));
    });
  }

  /** What the process of an instance does with an error that nobody handles: it ends at once. */
  failed(instance: Hosted, error: unknown): void {
    if (!instance.process.alive) return;
    this.world.uncaught(this.name, error);
    instance.process.kill();
  }

  powerCut(): void {
    this.note('power cut');
    this.instance?.killed(false);
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
