import { z } from 'zod';
import type { JournalFileView, JournalView, PurgeResult } from '../../engine/api/journals.ts';
import { databasesOf, journalListOf, localTime, purgeable, sizeText } from '../actions/index.ts';
import type { ActionContext } from '../actions/index.ts';
import type { About, Form, FormValues } from '../contract/index.ts';
import { FormBuilder } from './builder.ts';
import { instanceField, namesOf } from './databases.ts';

const ALL = '*';
const LOCAL = '-';
const Days = z.number().min(0, 'Give 0 or more days.');

/** undefined: all; null: the local one. */
function journalOf(value: string): string | null | undefined {
  return value === ALL ? undefined : value === LOCAL ? null : value;
}

function journalOptions(journals: readonly JournalView[]): { value: string; text: string }[] {
  return journals.map(({ mirror }) => ({
    value: mirror ?? LOCAL,
    text: mirror === null ? 'The local journal' : `The journal of mirror ${mirror}`,
  }));
}

async function journalsOf(instance: string, context: ActionContext): Promise<readonly JournalView[]> {
  return instance === '' ? [] : (await journalListOf(instance, context)).journals;
}

export async function purgeJournal(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('purgeJournal', values);
  const instance = instanceField(form, about, context, () => null);
  const chosen = form.choice('journal', {
    label: 'Journal',
    options: [{ value: ALL, text: 'All journals of the instance' }, ...journalOptions(await journalsOf(instance, context))],
    ...(about.mirror === undefined ? {} : { initial: about.mirror }),
  });
  const journal = journalOf(chosen);
  const olderThanDays = form.number('olderThanDays', {
    label: 'Older than',
    help: 'For this once, instead of the age of the settings. What members or databases need stays all the same.',
    unit: 'days',
    placeholder: 'as the settings say',
    rule: Days,
  });
  const which = { instance, ...(journal === undefined ? {} : { journal }), ...(olderThanDays === undefined ? {} : { olderThanDays }) };
  if (instance !== '') tellPurge(form, await purgeable(which, context));
  return form.end({ title: 'Purge journal files', intro: 'Journal files that nobody needs and that are old enough are removed.' }, () => ({
    action: 'purgeJournal',
    ...which,
  }));
}

function tellPurge(form: FormBuilder, { journals }: PurgeResult): void {
  for (const { mirror, purged, kept } of journals) {
    const name = mirror === null ? 'The local journal' : `The journal of ${mirror}`;
    const bytes = purged.reduce((sum, { size }) => sum + size, 0);
    form.note(
      purged.length === 0 ? 'unknown' : 'attention',
      `${name}: ${purged.length === 0 ? 'nothing would go' : `${purged.length} files would go, ${sizeText(bytes)}`}; ${kept.length} stay.`,
    );
  }
}

export async function restoreJournal(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('restoreJournal', values);
  form.group('Database');
  const instance = instanceField(form, about, context, () => null);
  const list = await databasesOf(instance, context);
  const database = form.choice('database', {
    label: 'Apply to',
    help: 'Most often a database that was just restored from a backup under another name.',
    options: list.map(({ name, mirrored, mounted }) => ({
      value: name,
      text: name,
      refused: mirrored ? 'It is mirrored: it catches up by itself.' : mounted ? null : 'It is dismounted.',
    })),
    ...(about.database === undefined ? {} : { initial: namesOf(about)[0] ?? '' }),
    none: 'It has no unmirrored database.',
  });
  const source = form.text('source', {
    label: 'Called in the journal',
    help: 'What the journal calls the database: its name in the mirror, or its directory.',
    placeholder: 'the database’s own directory',
  });
  form.group('Journal');
  const journals = await journalsOf(instance, context);
  const chosen = form.choice('journal', { label: 'Journal', options: journalOptions(journals), none: 'It has no journal files.' });
  const files = filesOf(journals, chosen);
  const first = form.choice('first', {
    label: 'From file',
    help: 'The one that the backup’s report names, or an older one.',
    options: files.map((file) => ({ value: file.name, text: fileText(file) })),
  });
  const to = form.text('to', {
    label: 'Up to',
    help: 'A time such as 2026-11-21T20:00, or FILE:OFFSET; what comes later is left out.',
    placeholder: 'the end',
    wrong: wrongPoint,
  });
  const global = form.text('global', {
    label: 'Only this global',
    help: 'Such as ^X(1): that node and everything below it.',
    placeholder: 'all',
  });
  const names = files.map(({ name }) => name);
  return form.end(
    {
      title: 'Restore a database to a point in time',
      intro: 'Journal files are applied to an unmirrored database, up to a time or a place. First restore a backup of it from before that.',
    },
    () => ({
      action: 'restoreJournal',
      instance,
      database,
      files: names.slice(Math.max(0, names.indexOf(first))),
      ...(source === undefined ? {} : { source }),
      ...(to === undefined ? {} : { to: pointOf(to) }),
      ...(global === undefined ? {} : { global }),
    }),
  );
}

function filesOf(journals: readonly JournalView[], chosen: string): readonly JournalFileView[] {
  return journals.find(({ mirror }) => mirror === (journalOf(chosen) ?? null))?.files ?? [];
}

function fileText({ name, firstRecord, created, size }: JournalFileView): string {
  return `${name}, from ${localTime(Date.parse(firstRecord ?? created))}, ${sizeText(size)}`;
}

function wrongPoint(typed: string): string | null {
  return /^\S+:\d+$/.test(typed) || !Number.isNaN(Date.parse(typed)) ? null : 'Give a time such as 2026-11-21T20:00, or FILE:OFFSET.';
}

/** Local times are those of this computer; the instance gets one without doubt. */
function pointOf(typed: string): string {
  const ms = Date.parse(typed);
  return /^\d{4}-\d\d-\d\d/.test(typed) && !Number.isNaN(ms) ? new Date(ms).toISOString() : typed;
}
