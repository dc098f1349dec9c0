import type { Io } from '../../io/index.ts';
import { simCompressor } from './compressor.ts';
import { SimDrive } from './drive.ts';
import { SimFiles } from './files.ts';
import { HostTime } from './host-time.ts';
import { SimProcess } from './process.ts';
import type { SimRandom } from './random.ts';
import type { Timeline } from './timeline.ts';

/** When a simulated world begins, in ms since the epoch. */
const worldBegin = Date.UTC(2030, 0, 15, 12);

/** A simulated computer: a drive, clocks, and processes that come and go. */
export class SimHost {
  readonly name: string;
  readonly timeline: Timeline;
  readonly random: SimRandom;
  readonly drive: SimDrive;
  readonly time: HostTime;
  #processes = new Set<SimProcess>();
  #isOn = true;

  constructor(name: string, timeline: Timeline, random: SimRandom) {
    this.name = name;
    this.timeline = timeline;
    this.random = random.fork(name);
    this.drive = new SimDrive(this.random.fork('drive'), () => timeline.faulted());
    // Nobody may take another's monotonic clock for one's own.
    this.time = new HostTime(this.random.between(1000, 1_000_000), worldBegin + this.random.between(-500, 500));
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Starts a process. */
  spawn(name: string): SimProcess {
    const process = new SimProcess(this, name);
    this.#processes.add(process);
    process.onEnd(() => this.#processes.delete(process));
    return process;
  }

  get processes(): readonly SimProcess[] {
    return [...this.#processes];
  }

  /** The power goes: all processes end, nothing is said to anybody, what was not synced is lost. */
  powerCut(): void {
    this.#isOn = false;
    for (const process of this.processes) process.kill();
    this.drive.powerCut();
  }

  /** Processes can be started again. */
  powerOn(): void {
    this.#isOn = true;
  }
}

/** What a process on a simulated host gets of the outside world. */
export function simIo(process: SimProcess): Io {
  const { host, clock, turns } = process;
  return {
    clock,
    turns,
    files: new SimFiles(host.drive, process),
    random: host.random.fork(`${process.name} ${host.timeline.events}`),
    compressor: simCompressor(process),
  };
}
