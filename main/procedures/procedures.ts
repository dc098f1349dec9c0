import { GemelError } from '../../engine/api/errors.ts';
import type { MirrorProcedures } from '../contract/index.ts';
import type { Hosts } from '../hosts/index.ts';
import type { Store } from '../store/index.ts';
import { advance, confirmStep, procedureOf, ProcedureRun, proceduresOf } from './evaluate.ts';
import { sceneOf } from './scene.ts';

export interface ProceduresOptions {
  readonly hosts: Hosts;
  readonly store: Store;
  now(): number;
  changed(): void;
  /** For the audit log. */
  record(what: string, mirror: string, detail: string): void;
}

/** The procedures that were begun, followed as the world changes. */
export class Procedures {
  readonly #options: ProceduresOptions;
  #runs: readonly ProcedureRun[];

  constructor(options: ProceduresOptions) {
    this.#options = options;
    // A record of another version is not gone on with.
    this.#runs = options.store.runs.all().flatMap((record) => {
      const parsed = ProcedureRun.safeParse(record);
      return parsed.success ? [parsed.data] : [];
    });
  }

  of(mirror: string): MirrorProcedures {
    return proceduresOf(
      sceneOf(this.#options.hosts.world(), mirror),
      this.#runs.filter((run) => run.mirror === mirror),
    );
  }

  /** The world has changed. */
  follow(): void {
    const world = this.#options.hosts.world();
    for (const run of this.#runs.filter(({ endedAt }) => endedAt === null)) {
      const scene = sceneOf(world, run.mirror);
      if (scene !== null) this.#put(advance(run, scene, this.#options.now()));
    }
  }

  /** @throws GemelError NOT_FOUND, REFUSED where the mirror's state is not the one it is for */
  start(mirror: string, id: string): number {
    const { hosts, store, now, record } = this.#options;
    const procedure = procedureOf(id);
    const scene = sceneOf(hosts.world(), mirror);
    if (procedure === undefined || scene === null)
      throw new GemelError('NOT_FOUND', `There is no procedure “${id}” for ${mirror}.`, 'Nothing was changed.');
    const cast = procedure.cast(scene);
    if (typeof cast === 'string')
      throw new GemelError(
        'REFUSED',
        `“${procedure.title}” does not fit now: ${cast}`,
        'Nothing was changed.',
        'Choose the one that fits.',
      );
    const made = store.runs.add(mirror, (run) => {
      const begun = { run, id, mirror, cast, startedAt: now(), endedAt: null, abandoned: false, done: [] };
      this.#runs = [begun, ...this.#runs];
      return begun;
    });
    record(`Begin procedure: ${procedure.title}`, mirror, Object.values(cast).join(', '));
    this.follow();
    this.#options.changed();
    return made;
  }

  /** @throws GemelError NOT_FOUND */
  confirm(number: number, step: number): void {
    const run = this.#find(number);
    const next = confirmStep(run, step, this.#options.now());
    if (next === run) return;
    this.#options.record('Say that a step of a procedure is done', run.mirror, this.#stepText(run, step));
    this.#put(next);
    this.follow();
  }

  /** @throws GemelError NOT_FOUND */
  abandon(number: number): void {
    const run = this.#find(number);
    if (run.endedAt !== null) return;
    this.#options.record('Give a procedure up', run.mirror, procedureOf(run.id)?.title ?? run.id);
    this.#put({ ...run, endedAt: this.#options.now(), abandoned: true });
  }

  #stepText(run: ProcedureRun, step: number): string {
    return procedureOf(run.id)?.steps(run.cast)[step]?.text ?? '';
  }

  #find(number: number): ProcedureRun {
    const run = this.#runs.find((each) => each.run === number);
    if (run === undefined) throw new GemelError('NOT_FOUND', `Procedure ${number} is not known any more.`, 'Nothing was changed.');
    return run;
  }

  #put(run: ProcedureRun): void {
    if (this.#runs.includes(run)) return;
    this.#runs = this.#runs.map((each) => (each.run === run.run ? run : each));
    this.#options.store.runs.put(run.run, run, run.endedAt !== null);
    this.#options.changed();
  }
}
