import path from 'node:path';
import { realClock, realFiles } from '../../io/index.ts';

const LINES_KEPT = 50;

/**
 * `run/hung`: for whoever looks into it afterwards, durable, one line for each time the executor's thread stood still. Not
 * what anything is decided by: that is the pulse of a living process.
 */
export class HungNote {
  readonly #file: string;

  constructor(run: string) {
    this.#file = path.join(run, 'hung');
  }

  began(what: { pid: number; stalledMs: number }): void {
    this.#add(`process ${what.pid}: the executor's thread has stood still for ${Math.round(what.stalledMs)} ms and has not come back yet`);
  }

  ended(what: { pid: number; stalledMs: number }): void {
    this.#add(`process ${what.pid}: the executor's thread is back after about ${Math.round(what.stalledMs)} ms`);
  }

  #add(text: string): void {
    const before = realFiles.exists(this.#file) ? realFiles.read(this.#file).toString('utf8') : '';
    const kept = before
      .split('\n')
      .filter(Boolean)
      .slice(1 - LINES_KEPT);
    realFiles.atomicWrite(this.#file, Buffer.from([...kept, `${new Date(realClock.wallMs()).toISOString()} ${text}`, ''].join('\n')));
  }
}
