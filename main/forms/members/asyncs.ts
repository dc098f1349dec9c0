import { scheduleText, type DejournalView } from '../../../engine/api/dejournaling.ts';
import { GemelError } from '../../../engine/api/errors.ts';
import type { FilterView } from '../../../engine/api/dejournaling.ts';
import { asyncTypes, type ActionContext, type MemberAt } from '../../actions/index.ts';
import type { About, Form, FormValues } from '../../contract/index.ts';
import { FormBuilder } from '../builder.ts';
import { chooseMember } from './choose.ts';

const isAsync = ({ type }: MemberAt): boolean => type !== 'Failover';
const isReporting = ({ type }: MemberAt): boolean => type === 'Read-Only Reporting' || type === 'Read-Write Reporting';

type Setting = 'pause' | 'start' | 'schedule' | 'continuous';

export async function dejournaling(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('dejournaling', values);
  form.group('Member');
  const at = chooseMember(form, about, context, { label: 'Async member', among: isAsync, none: 'No async member answers.' });
  const now = at === null ? null : await toldBy(form, () => askDejournaling(at));
  if (now !== null) form.fact('now', dejournalText(now), { label: 'Set now' });
  form.group('Dejournaling');
  const paused = now?.paused === true || (now !== null && now.halted !== null && now.halted !== 'schedule');
  const set = form.choice('set', {
    label: 'From now on',
    style: 'radio',
    initial: paused ? 'start' : 'pause',
    options: [
      { value: 'pause', text: 'Pause', hint: 'Journal goes on coming in; databases stay as they are until dejournaling is started.' },
      { value: 'start', text: 'Start', hint: 'Go on, also with databases that an error has stopped.' },
      { value: 'schedule', text: 'At certain times', hint: 'Between two times of each day, local time of the member.' },
      {
        value: 'continuous',
        text: 'At all times',
        hint: 'Ends a schedule.',
        refused: now !== null && now.schedule === null ? 'There is no schedule.' : null,
      },
    ],
  }) as Setting;
  const times = set === 'schedule' ? askTimes(form, now) : {};
  return form.end(
    {
      title: 'Dejournaling of an async member',
      intro: 'When a member applies the journal to its databases. Journal comes in all the same.',
    },
    () => ({ action: 'setDejournaling', mirror: at?.mirror.name ?? '', instance: at?.facts.id ?? '', set, ...times }),
  );
}

export function askDejournaling({ host, facts, mirror }: MemberAt): Promise<DejournalView> {
  return host.callInstance(facts.name, 'mirror.dejournal', { mirror: mirror.name, action: 'status' });
}

const halts: Record<NonNullable<DejournalView['halted']>, string> = {
  operator: 'paused',
  error: 'stopped by an error',
  filter: 'stopped by its filter',
  schedule: 'waits for its time',
};

function dejournalText(view: DejournalView): string {
  return `${scheduleText(view)}; ${view.halted === null ? 'goes on now' : halts[view.halted]}`;
}

function askTimes(form: FormBuilder, now: DejournalView | null): { from?: number; to?: number } {
  const time = (name: string, label: string, initial: number | undefined, help: string): number | undefined => {
    const typed = form.text(name, {
      label,
      help,
      initial: initial === undefined ? '' : clock(initial),
      wrong: (text) => (minuteOfDay(text) === null ? 'Give a time of the day, such as 00:30.' : null),
    });
    return typed === undefined ? undefined : (minuteOfDay(typed) ?? undefined);
  };
  const from = time('from', 'From', now?.schedule?.from, 'HH:MM, local time of the member’s host.');
  const to = time('to', 'To', now?.schedule?.to, 'HH:MM; before the beginning means on the next day.');
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

/** null: it is none. */
export function minuteOfDay(text: string): number | null {
  const found = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  return found === null ? null : Number(found[1]) * 60 + Number(found[2]);
}

function clock(minute: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

export async function filter(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('filter', values);
  form.group('Member');
  const at = chooseMember(form, about, context, { label: 'Reporting async', among: isReporting, none: 'No reporting async answers.' });
  const now = at === null ? null : await toldBy(form, () => askFilter(at));
  if (now !== null) {
    form.fact('now', now.file ?? 'none', { label: 'Filter now' });
    if (now.failed !== null) form.note('bad', `It has stopped dejournaling: ${now.failed}`);
    if (now.usPerRecord !== null)
      form.fact('cost', `${now.records} records asked about, ${now.refused} left out, ${now.usPerRecord} µs each`, { label: 'So far' });
  }
  form.group('Filter');
  const set = form.choice('set', {
    label: 'From now on',
    style: 'radio',
    options: [
      { value: 'set', text: 'Ask a filter', hint: 'A module that exports the class DejournalFilter; it is asked about every update.' },
      { value: 'clear', text: 'No filter', hint: 'Every update is applied.', refused: now?.file === null ? 'None is set.' : null },
    ],
  });
  const file =
    set === 'set'
      ? form.text('file', {
          label: 'File of the filter',
          help: 'Whole path on the member’s host.',
          initial: now?.file ?? '',
          wrong: (typed) => (typed.startsWith('/') || /^[A-Za-z]:[\\/]/.test(typed) ? null : 'Give the whole path.'),
        })
      : undefined;
  return form.end(
    { title: 'Dejournal filter', intro: 'A program of yours says which updates the read-write databases of a reporting async take.' },
    () => ({ action: 'setFilter', mirror: at?.mirror.name ?? '', instance: at?.facts.id ?? '', file: file ?? null }),
  );
}

export function askFilter({ host, facts, mirror }: MemberAt): Promise<FilterView> {
  return host.callInstance(facts.name, 'mirror.filter', { mirror: mirror.name, action: 'status' });
}

/** null: the member gives no answer, which is noted. */
async function toldBy<T>(form: FormBuilder, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    form.note('bad', `${error.what} ${error.todo}`.trim());
    return null;
  }
}

type AsyncAs = keyof typeof asyncTypes;

export function changeType(about: About, values: FormValues, context: ActionContext): Form {
  const form = new FormBuilder('changeType', values);
  form.group('Member');
  const at = chooseMember(form, about, context, { label: 'Async member', among: isAsync, none: 'No async member answers.' });
  const already = (as: AsyncAs): string | null => (at?.type === asyncTypes[as] ? 'It is that now.' : null);
  form.group('Type');
  const as = form.choice('as', {
    label: 'It becomes',
    style: 'radio',
    options: [
      {
        value: 'dr',
        text: 'Disaster recovery',
        hint: 'Has every database, read-only; can be promoted to failover member.',
        refused: already('dr') ?? (at !== null && at.facts.status.mirrors.length > 1 ? 'It is in several mirrors.' : null),
      },
      {
        value: 'reporting-ro',
        text: 'Reporting, read-only',
        hint: 'Its copies are read. Never promoted.',
        refused: already('reporting-ro'),
      },
      {
        value: 'reporting-rw',
        text: 'Reporting, read-write',
        hint: 'Copies may take updates of their own too. Never promoted.',
        refused: already('reporting-rw'),
      },
    ],
  }) as AsyncAs;
  const failoverDB = as === 'reporting-rw' ? askFailoverDB(form, at) : undefined;
  if (as === 'dr')
    form.note('attention', 'Be sure that it has every database, that all others can connect to it, and that it could work as primary.');
  return form.end(
    { title: 'Change the type of an async member', intro: 'The change is made by the primary, for all mirrors that the instance is in.' },
    () => ({
      action: 'changeType',
      mirror: at?.mirror.name ?? '',
      instance: at?.facts.id ?? '',
      as,
      ...(failoverDB === undefined ? {} : { failoverDB }),
    }),
  );
}

/** Asked where some of its databases have the flag. */
function askFailoverDB(form: FormBuilder, at: MemberAt | null): 'clear' | 'keep' | undefined {
  const flagged = (at?.facts.snapshot?.mirror?.databases ?? []).filter((database) => database.failoverDB);
  if (flagged.length === 0) return undefined;
  return form.choice('failoverDB', {
    label: 'Databases that it has',
    help: flagged.map(({ name }) => name).join(', '),
    style: 'radio',
    options: [
      { value: 'clear', text: 'Take updates here too', hint: 'They can never be a primary’s copy again; that cannot be taken back.' },
      { value: 'keep', text: 'Stay read-only', hint: 'Single ones can be made read-write later.' },
    ],
  }) as 'clear' | 'keep';
}
