import path from 'node:path';
import { z } from 'zod';
import type { BackupHead } from '../../engine/api/backup.ts';
import { GemelError } from '../../engine/api/errors.ts';
import { DatabaseName } from '../../engine/api/names.ts';
import type { DatabaseView } from '../../engine/api/status.ts';
import { databasesOf, isPrimaryOf, localTime, onPrimary, sizeText, whatBecomes } from '../actions/index.ts';
import type { ActionContext } from '../actions/index.ts';
import type { About, Form, FormValues, Option } from '../contract/index.ts';
import type { InstanceFacts } from '../hosts/index.ts';
import { mirrorsOf } from '../view/index.ts';
import { FormBuilder } from './builder.ts';
import { absolute, factsOf, instanceField, namesOf } from './databases.ts';

const Level = z.number().int('Give a whole number.').min(1, 'At least 1.').max(19, 'At most 19.');
const Seconds = z.number().int('Give whole seconds.').min(1, 'At least 1 s.').max(3600, 'At most 3600 s.');
const ALL = '*';
const DEFAULT = '-';

export async function backupDatabases(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('backupDatabases', values);
  form.group('Databases');
  const instance = instanceField(form, about, context, () => null);
  const facts = factsOf(instance, context);
  const list = await databasesOf(instance, context);
  const databases = form.several('databases', {
    label: 'Databases',
    options: list.map(mountedOption),
    initial: namesOf(about),
    none: 'It has no mounted database.',
  });
  form.group('Backup file');
  const initial = facts && fileOf(facts, databases, context.hosts.world().at);
  const file = form.text('file', {
    label: 'File',
    help: 'An absolute path on the instance’s host, in a directory that is there. It is never overwritten.',
    ...(initial === undefined ? {} : { initial }),
    wrong: absolute,
  });
  const level = form.number('level', {
    label: 'Compression',
    help: '1 is fast, 19 is small.',
    initial: 1,
    rule: Level,
  });
  return form.end(
    {
      title: 'Back up databases',
      intro:
        'Databases are copied into one file while they are updated; all of them are as of one moment of the journal. A copy of a mirrored one can be restored on another member, and catches up there.',
    },
    () => ({ action: 'backupDatabases', instance, databases, file: file ?? '', level: level ?? 1 }),
  );
}

function mountedOption({ name, mounted, size, mirrored, mirror, mirrorDatabase }: DatabaseView): Option {
  return {
    value: name,
    text: name,
    hint: `${sizeText(size)}${mirrored ? `, ${mirrorDatabase ?? name} of mirror ${mirror ?? ''}` : ''}`,
    refused: mounted ? null : 'It is dismounted.',
  };
}

/** Where one looks for it: in the instance directory, named by what and when. */
function fileOf({ name, status }: InstanceFacts, databases: readonly string[], at: number): string {
  const time = new Date(at).toISOString().slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-');
  const what = databases.length === 1 ? `${name}-${databases[0] ?? ''}` : name;
  return path.join(status.directory, `${what}-${time}.gbk`);
}

export async function restoreDatabases(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('restoreDatabases', values);
  form.group('Backup');
  const instance = instanceField(form, about, context, () => null, 'Restore on');
  const facts = factsOf(instance, context);
  const list = await databasesOf(instance, context);
  const file = typeof values['file'] === 'string' ? values['file'].trim() : '';
  const read = facts === undefined || file === '' || absolute(file) !== null ? null : await headOf(file, facts, context);
  form.text('file', {
    label: 'Backup file',
    help: 'Absolute path on that instance’s host.',
    wrong: (typed) => absolute(typed) ?? (read instanceof GemelError ? read.what : null),
  });
  const head = read instanceof GemelError ? null : read;
  const chosen = head === null || facts === undefined ? null : chosenOf(form, head, facts, list);
  return form.end(
    {
      title: 'Restore databases',
      intro:
        'Databases of a backup are brought to an instance. This member’s copy of a mirrored database then catches up from the mirror’s journal by itself.',
    },
    () => ({ action: 'restoreDatabases', instance, file, overwrite: false, ...chosen }),
  );
}

async function headOf(file: string, facts: InstanceFacts, context: ActionContext): Promise<BackupHead | GemelError> {
  try {
    return await context.hosts.get(facts.host).backupHead(file);
  } catch (error) {
    if (error instanceof GemelError) return error;
    throw error;
  }
}

interface Chosen {
  readonly database?: string;
  readonly as?: string;
  readonly directory?: string;
  readonly overwrite: boolean;
}

function chosenOf(form: FormBuilder, head: BackupHead, facts: InstanceFacts, list: readonly DatabaseView[]): Chosen {
  form.fact('of', `${head.instance}, ${localTime(head.timeMs)}`, { label: 'Backup of' });
  form.group('What to restore');
  const database = form.choice('database', {
    label: 'Database',
    options: [
      ...(head.databases.length === 1 ? [] : [{ value: ALL, text: `All ${head.databases.length} of the backup` }]),
      ...head.databases.map(({ name, bytes, mirror }) => ({
        value: name,
        text: `${name} (${sizeText(bytes)}${mirror === null ? '' : `, ${mirror.database} of mirror ${mirror.name}`})`,
      })),
    ],
  });
  const wanted = head.databases.filter(({ name }) => database === ALL || name === database);
  const as =
    database === ALL
      ? undefined
      : form.text('as', {
          label: 'Under another name',
          placeholder: database,
          rule: DatabaseName,
          help: 'A database of that name must not be there, unless it is replaced.',
        });
  const there = wanted.map(({ name }) => (as ?? name).toUpperCase()).filter((name) => list.some((each) => each.name === name));
  const overwrite =
    there.length > 0 &&
    form.flag('overwrite', {
      label: `Replace ${there.join(', ')} on ${facts.name}`,
      help: 'What it has now is gone.',
      wrong: (value) => (value ? null : `${facts.name} has ${there.join(', ')} already: replace it, or restore under another name.`),
    });
  const directory =
    database === ALL || there.length > 0
      ? undefined
      : form.text('directory', { label: 'Directory', placeholder: 'in the instance directory', wrong: absolute });
  if (wanted.some(({ mirror }) => mirror !== null && isPrimaryOf(facts, mirror.name))) {
    const { reason, todo } = onPrimary();
    form.note('bad', `${reason} ${todo}`);
  } else for (const each of wanted) form.fact(`becomes${each.name}`, whatBecomes(each, facts, as), { label: 'Becomes' });
  return {
    overwrite,
    ...(database === ALL ? {} : { database }),
    ...(as === undefined ? {} : { as }),
    ...(directory === undefined ? {} : { directory }),
  };
}

export async function compareDatabases(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('compareDatabases', values);
  const mirrors = mirrorsOf(context.hosts.world());
  form.group('Members');
  const mirror = form.choice('mirror', {
    label: 'Mirror',
    options: mirrors.map(({ name }) => ({ value: name, text: name })),
    ...(about.mirror === undefined ? {} : { initial: about.mirror }),
    none: 'This console knows no mirror.',
  });
  const facts = mirrors.find(({ name }) => name === mirror);
  const members = facts?.source?.mirror.members ?? [];
  const backup = facts?.instances.find(({ status }) => status.mirrors.some((each) => each.mirror === mirror && each.status !== 'Primary'));
  const initial = about.instance ?? backup?.id;
  const instance = form.choice('instance', {
    label: 'Compare the copies on',
    help: 'Both members work on meanwhile.',
    options: (facts?.instances ?? []).map(({ id, name, status }) => ({
      value: id,
      text: name,
      refused: status.state === 'running' ? null : `It is ${status.state}.`,
    })),
    ...(initial === undefined ? {} : { initial }),
    none: 'No member answers now.',
  });
  const own = factsOf(instance, context);
  const isPrimary = own !== undefined && isPrimaryOf(own, mirror);
  const self = own?.snapshot?.mirror?.thisMember;
  const other = form.choice('with', {
    label: 'With those on',
    options: [
      { value: DEFAULT, text: isPrimary ? 'the backup' : 'the primary' },
      ...members.filter(({ name }) => name !== self).map(({ name, status }) => ({ value: name, text: `${name} (${status})` })),
    ],
  });
  const list = (await databasesOf(instance, context)).filter((each) => each.mirror === mirror);
  form.group('Databases');
  const all = form.flag('all', { label: 'All mirrored databases', initial: about.database === undefined });
  const databases = all
    ? undefined
    : form.several('databases', {
        label: 'These',
        options: list.map(({ name, mirrorDatabase, size, mounted }) => ({
          value: mirrorDatabase ?? name,
          text: mirrorDatabase ?? name,
          hint: sizeText(size),
          refused: mounted ? null : 'It is dismounted.',
        })),
        initial: namesOf(about),
      });
  const repair = isPrimary
    ? false
    : form.flag('repair', {
        label: 'Repair: make what differs here as it is on the primary',
        help: 'What only this copy has is gone. Leave it off first, and look at what differs.',
      });
  return form.end(
    {
      title: 'Compare databases',
      intro: 'Copies of mirrored databases are compared node by node with another member’s, without stopping anything.',
    },
    () => ({
      action: 'compareDatabases',
      instance,
      mirror,
      repair,
      ...(databases === undefined ? {} : { databases }),
      ...(other === DEFAULT ? {} : { with: other }),
    }),
  );
}

export async function freezeDatabases(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('freezeDatabases', values);
  form.group('Databases');
  const instance = instanceField(form, about, context, () => null);
  const facts = factsOf(instance, context);
  const all = form.flag('all', { label: 'All databases of the instance', initial: about.database === undefined });
  const list = await databasesOf(instance, context);
  const databases = all ? [] : form.several('databases', { label: 'These', options: list.map(mountedOption), initial: namesOf(about) });
  const timeoutS = form.number('timeoutS', {
    label: 'Thaw by itself after',
    help: 'The shorter the better: as long as the snapshot takes.',
    unit: 's',
    initial: 60,
    rule: Seconds,
  });
  form.note('attention', 'Updates go on in memory and in the journal. When that is full they wait.');
  if (facts?.status.mirrors.some(({ status }) => status === 'Primary') === true)
    form.note('bad', `${facts.name} is the primary: if updates wait for long, there may be a failover. Better freeze the backup.`);
  return form.end(
    {
      title: 'Freeze databases for a snapshot',
      intro: 'Database files get no writes for a while, so that the storage can make a snapshot of them. Thaw as soon as it is made.',
    },
    () => ({ action: 'freezeDatabases', instance, databases, timeoutS: timeoutS ?? 60 }),
  );
}
