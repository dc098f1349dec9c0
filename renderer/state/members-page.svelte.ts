import type { LostReport } from '../../engine/api/lost.ts';
import type { DejournalView } from '../../engine/api/dejournaling.ts';
import type { ConsoleClient, MembersView, MirrorMonitor } from '../../main/contract/index.ts';
import { strings } from '../strings.ts';

/** The members of one mirror and its settings. Ended by `close`. */
export class MembersState {
  readonly #ends: readonly (() => void)[];
  /** undefined: nothing received yet; null: no mirror of that name is known. */
  monitor: MirrorMonitor | null | undefined = $state.raw(undefined);
  /** null: nothing was answered yet. */
  view: MembersView | null = $state.raw(null);

  constructor(client: ConsoleClient, mirror: string) {
    this.#ends = [
      client.subscribe('mirror', { mirror }, (monitor) => (this.monitor = monitor)),
      client.subscribe('members', { mirror }, (view) => (this.view = view)),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
  }
}

/** A report of lost transactions, with the member that has it. */
export interface LostRow {
  readonly instance: string;
  readonly member: string;
  readonly report: LostReport;
}

/** Of all members that answer, newest first. */
export function lostRows(view: MembersView | null, monitor: MirrorMonitor): LostRow[] {
  const nameOf = (instance: string): string => monitor.mirror.members.find((m) => m.instance === instance)?.name ?? instance;
  return (view?.instances ?? [])
    .flatMap(({ instance, lost }) => lost.map((report) => ({ instance, member: nameOf(instance), report })))
    .toSorted((a, b) => (a.report.time < b.report.time ? 1 : -1));
}

/** How dejournaling of an async is set, and whether it goes on. */
export function dejournalingText({ halted, schedule }: DejournalView): string {
  const text = strings.members;
  const times = schedule === null ? text.continuous : text.schedule(clock(schedule.from), clock(schedule.to));
  return `${times}; ${halted === null ? text.goesOn : text.halted[halted]}`;
}

/** @param minute of the day */
function clock(minute: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}
