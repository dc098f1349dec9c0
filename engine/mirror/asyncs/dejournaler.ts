import { scheduleText, type DejournalHalt, type DejournalSetting } from '../../api/dejournaling.ts';
import type { ConditionCode, Facts } from '../../api/conditions.ts';
import type { MemberType } from '../../api/status.ts';
import type { Clock } from '../../io/clock.ts';
import { comparePositions, type Position } from '../../journal/index.ts';
import type { MemberJournal } from '../member-journal.ts';
import type { AsyncHost } from './async-host.ts';
import { dejournalHalt, minuteOf } from './dejournaling.ts';

/** How often a schedule is looked at, in ms. */
const SCHEDULE_MS = 10_000;

export interface DejournalerOptions {
  readonly clock: Clock;
  readonly host: AsyncHost;
  readonly journal: MemberJournal;
  readonly setting: DejournalSetting;
  readonly type: () => MemberType;
  /** A dejournal filter is set that cannot be asked. */
  readonly filterStops: () => boolean;
  /** Makes a setting durable. */
  readonly save: (setting: DejournalSetting) => void;
  readonly note: (code: ConditionCode, text: string, facts: Facts) => void;
}

/** Lets the databases of an async member have what is durable in the mirror and synced here, when an operator, a schedule and errors let it. */
export class Dejournaler {
  setting: DejournalSetting;
  /** The newest position known to be durable in the mirror. */
  known: Position = { file: 0, offset: 0 };
  readonly #options: DejournalerOptions;
  /** An error of a reporting member's database has paused dejournaling of the mirror. */
  #failed = false;
  #timer: { cancel(): void } | null = null;

  constructor(options: DejournalerOptions) {
    this.#options = options;
    this.setting = options.setting;
    this.#watchSchedule();
  }

  /** Why nothing is dejournaled now; null: it is. */
  get halt(): DejournalHalt {
    const { clock, filterStops } = this.#options;
    return dejournalHalt(this.setting, this.#failed, minuteOf(clock.wallMs()), filterStops());
  }

  /** More is durable in the mirror. */
  learn(durable: Position): void {
    if (comparePositions(durable, this.known) > 0) this.known = durable;
    this.apply();
  }

  /** The journal ends there now, and nothing beyond counts. */
  cutTo(end: Position): void {
    this.known = end;
  }

  apply(): void {
    if (this.halt !== null) return;
    const { journal, host } = this.#options;
    const { receiver } = journal;
    // Without one nobody knows what of the journal is synced: a power cut must not leave a database with more than its journal.
    if (receiver === null) return;
    const to = comparePositions(this.known, receiver.synced) < 0 ? this.known : receiver.synced;
    if (to.file !== 0) host.applyTo(to);
  }

  /** Durable when it returns; journal goes on coming in whatever is set. */
  set(setting: DejournalSetting): void {
    this.#options.save(setting);
    this.setting = setting;
    const set = settingText(setting);
    this.#options.note('DEJOURNALING_SET', `Dejournaling was set on this member: ${set}.`, { set });
    this.#watchSchedule();
    this.apply();
    this.#options.host.changed();
  }

  /** A database takes no more. On a reporting member that pauses dejournaling for all databases of the mirror. */
  databaseFailed(): void {
    if (this.#options.type() === 'Disaster Recovery' || this.#failed) return;
    this.#failed = true;
    const text = 'An error has paused dejournaling for all databases of the mirror on this reporting member.';
    this.#options.note('DEJOURNALING_PAUSED', text, {});
    this.#options.host.changed();
  }

  /** Connected anew: what an error has paused is tried again. */
  connected(): void {
    if (this.#failed) void this.mend();
  }

  /** Feeds databases that an error has stopped once more, and goes on. @returns names of those that still take nothing */
  async mend(): Promise<string[]> {
    const still = await this.#options.host.retryFailed();
    this.#failed = still.length > 0 && this.#options.type() !== 'Disaster Recovery';
    this.apply();
    this.#options.host.changed();
    return still;
  }

  #watchSchedule(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.setting.schedule === null) return;
    this.#timer = this.#options.clock.timer(SCHEDULE_MS, () => {
      this.#watchSchedule();
      this.apply();
      this.#options.host.changed();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }
}

function settingText({ paused, schedule }: DejournalSetting): string {
  if (paused) return 'paused until it is started';
  return scheduleText({ schedule });
}
