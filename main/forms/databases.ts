import path from 'node:path';
import { z } from 'zod';
import { DatabaseName, MirrorDatabaseName } from '../../engine/api/names.ts';
import type { DatabaseView } from '../../engine/api/status.ts';
import type { ActionContext } from '../actions/index.ts';
import { databasesOf, reachableMembers } from '../actions/index.ts';
import type { About, Form, FormValues, Option } from '../contract/index.ts';
import type { InstanceFacts } from '../hosts/index.ts';
import { livePrimaries, mirrorsOf, type MirrorFacts } from '../view/index.ts';
import { FormBuilder } from './builder.ts';
import { instanceOptions, instances } from './choices.ts';

/** Never mirrored: every instance has them for itself. */
const SYSTEM: ReadonlySet<string> = new Set(['GEMELSYS', 'GEMELLIB', 'GEMELTEMP', 'GEMELAUDIT', 'GEMELLOCAL']);
const MegaBytes = z.number().positive('Give more than 0 MB.');

export async function createDatabase(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('createDatabase', values);
  const mirrors = withPrimary(context);
  form.group('Where');
  const mirror = mirrorField(form, about, mirrors, true);
  const primary = mirror === null ? undefined : livePrimaries(mirror)[0];
  const instance = primary === undefined ? instanceField(form, about, context, () => null) : primary.id;
  if (primary !== undefined) form.fact('primary', primary.name, { label: 'Made on the primary' });
  const list = await databasesOf(instance, context);
  form.group('Database');
  const name = form.text('name', {
    label: 'Name',
    help: 'A letter or underscore first, then letters, digits, - and _. It is kept in capitals.',
    rule: DatabaseName,
    wrong: (typed) => (has(list, typed) ? `There is a database ${typed.toUpperCase()} already.` : null),
  });
  const database = mirror === null ? undefined : mirrorNameField(form, mirror, name ?? '');
  const namespace = form.flag('namespace', {
    label: 'Make a namespace of the same name',
    help: 'Clients then find the database by that name.',
    initial: true,
  });
  const members = mirror === null || primary === undefined ? [] : membersField(form, mirror, primary);
  form.group('Advanced', { advanced: true });
  const directory = form.text('directory', {
    label: 'Directory',
    help: primary === undefined ? 'On the instance’s host.' : 'On the primary’s host; the other members take their own.',
    placeholder: 'in the instance directory',
    wrong: absolute,
  });
  const maxSizeMB = form.number('maxSizeMB', { label: 'Largest size', unit: 'MB', placeholder: 'no limit', rule: MegaBytes });
  return form.end(
    {
      title: 'Create a database',
      intro:
        'A new, empty database. A mirrored one is made on the primary first, then on the other members, which follow it from the first update on.',
    },
    () => ({
      action: 'createDatabase',
      instance,
      name: (name ?? '').toUpperCase(),
      namespace,
      ...(directory === undefined ? {} : { directory }),
      ...(maxSizeMB === undefined ? {} : { maxSizeMB }),
      mirrored: mirror === null ? null : { mirror: mirror.name, members, ...(database === undefined ? {} : { database }) },
    }),
  );
}

export async function addDatabases(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('addDatabases', values);
  form.group('Databases');
  const mirror = mirrorField(form, about, withPrimary(context), false);
  const primary = mirror === null ? undefined : livePrimaries(mirror)[0];
  const list = await databasesOf(primary?.id, context);
  const chosen = form.several('databases', {
    label: primary ? `Databases of ${primary.name}, the primary` : 'Databases of the primary',
    help: 'They keep what they have, and are updated while they are added.',
    options: list.filter(({ name }) => !SYSTEM.has(name)).map(addable),
    initial: namesOf(about),
    none: 'The primary has no database that is not mirrored.',
  });
  const [only] = chosen;
  const mirrorDatabase = mirror !== null && chosen.length === 1 && only !== undefined ? mirrorNameField(form, mirror, only) : undefined;
  const members = mirror === null || !primary ? [] : membersField(form, mirror, primary);
  return form.end(
    {
      title: 'Add databases to a mirror',
      intro:
        'Existing databases of the primary, with their data, become mirrored. The other members need copies of them, which are made by a backup and its restore.',
    },
    () => ({
      action: 'addDatabases',
      mirror: mirror?.name ?? '',
      members,
      databases: chosen.map((name) => ({ name, ...(mirrorDatabase === undefined ? {} : { mirrorDatabase }) })),
    }),
  );
}

/** null: none is wanted, or there is none. */
function mirrorField(form: FormBuilder, about: About, mirrors: readonly MirrorFacts[], orNone: boolean): MirrorFacts | null {
  const chosen = form.choice('mirror', {
    label: 'Mirror',
    options: [
      ...mirrors.map(({ name }) => ({ value: name, text: name })),
      ...(orNone ? [{ value: NONE, text: 'None: an ordinary database' }] : []),
    ],
    initial: about.mirror ?? (about.instance === undefined ? (mirrors[0]?.name ?? NONE) : NONE),
    none: 'No mirror has a primary that answers now.',
  });
  return mirrors.find(({ name }) => name === chosen) ?? null;
}

const NONE = '-';

function withPrimary(context: ActionContext): MirrorFacts[] {
  return mirrorsOf(context.hosts.world()).filter((mirror) => livePrimaries(mirror).length === 1);
}

/** InstanceView id; empty: there is none to choose. */
export function instanceField(
  form: FormBuilder,
  about: About,
  context: ActionContext,
  refused: (instance: InstanceFacts) => string | null,
  label = 'Instance',
): string {
  return form.choice('instance', {
    label,
    options: instanceOptions(context, refused),
    ...(about.instance === undefined ? {} : { initial: about.instance }),
    none: 'No instance runs that this can be done on.',
  });
}

function mirrorNameField(form: FormBuilder, { source }: MirrorFacts, name: string): string | undefined {
  const known = source?.mirror.databases.map((each) => each.name) ?? [];
  const taken = (typed: string): string | null =>
    known.includes(typed.toUpperCase()) ? `The mirror has a database ${typed.toUpperCase()} already.` : null;
  return form.text('mirrorDatabase', {
    label: 'Name in the mirror',
    help: taken(name) ?? 'The same on all members.',
    placeholder: name === '' ? 'as above' : name.toUpperCase(),
    rule: MirrorDatabaseName,
    wrong: taken,
  });
}

/** The other members that get a copy at once: all that can, unless told otherwise. */
function membersField(form: FormBuilder, mirror: MirrorFacts, primary: InstanceFacts): string[] {
  const there = reachableMembers(mirror).filter(({ instance }) => instance.id !== primary.id);
  const others = (mirror.source?.mirror.members ?? []).filter(({ name }) => name !== mirror.source?.mirror.thisMember);
  if (others.length === 0) return [];
  const options = others.map(({ name, type, status }): Option => ({
    value: name,
    text: name,
    hint: `${type}, ${status}`,
    refused: there.some((each) => each.name === name) ? null : 'It does not answer now; add the database there later.',
  }));
  const wanted = form.flag('onOthers', {
    label: 'Make the copies on the other members at once',
    help: 'A failover member that lacks a database of the mirror cannot take over completely.',
    initial: there.length > 0,
  });
  if (!wanted) return [];
  return form.several('members', {
    label: 'On these members',
    options,
    initial: others.filter(({ type }) => type === 'Failover' || type === 'Disaster Recovery').map(({ name }) => name),
    none: 'No other member answers now.',
  });
}

function addable({ name, mounted, mirrored, mirror, size, directory }: DatabaseView): Option {
  const refused = mirrored ? `It is mirrored in ${mirror ?? 'a mirror'}.` : mounted ? null : 'It is dismounted; mount it first.';
  return { value: name, text: name, hint: `${Math.ceil(size / 1024 / 1024)} MB, ${directory}`, refused };
}

/** Databases that a wizard was opened for. */
export function namesOf({ database }: About): string[] {
  return database === undefined ? [] : database.split(',').filter((name) => name !== '');
}

function has(list: readonly DatabaseView[], name: string): boolean {
  return list.some((each) => each.name === name.toUpperCase());
}

/** A rule for paths on a host. */
export function absolute(typed: string): string | null {
  return path.isAbsolute(typed) ? null : 'Give an absolute path on the instance’s host.';
}

/** undefined: none was chosen. */
export function factsOf(id: string, context: ActionContext): InstanceFacts | undefined {
  return instances(context).find((each) => each.id === id);
}
