import ini from 'ini';
import { z } from 'zod';
import { GemelError } from '../api/errors.ts';
import { realFiles, type Files } from '../io/index.ts';
import { keepComments } from './settings-comments.ts';

/** What this version writes and understands; a higher number belongs to a newer version. */
const FORMAT = 1;

// The INI reader turns true, false and null into values of their own; here they are text like any other.
const text = z.union([z.string(), z.boolean(), z.null()]).transform(String);
const port = z.coerce
  .number('Give a number.')
  .int('Give a whole number.')
  .min(0, 'A port is a number from 0 to 65535.')
  .max(65535, 'A port is a number from 0 to 65535.');
const table = z.record(z.string(), text);
/** A section that may have sections of its own: `[Mirrors.DEMO]`. */
const tables = z.record(z.string(), z.union([text, table]));

function days(most: number): z.ZodCoercedNumber {
  return z.coerce.number('Give a number of days.').min(0, 'Give 0 or more days.').max(most, `Give at most ${most} days.`);
}

const SettingsShape = z.looseObject({
  Startup: z.looseObject({
    Format: z.coerce.number().int(),
    InstanceName: z.string().min(1),
    InstanceGUID: z.guid('Give a GUID.'),
    /** Port of the superserver; 0 takes any free one at each start. */
    DefaultPort: port.default(1972),
    WebServerPort: port.default(52773),
    /** Address the superserver and the web port listen on. */
    ListenAddress: text.default('127.0.0.1'),
  }),
  config: z.looseObject({}).default({}),
  Journal: z
    .looseObject({
      /** MB; a journal file that reaches it is closed and the next begun. */
      FileSizeLimit: z.coerce
        .number('Give a number of MB.')
        .int('Give a whole number of MB.')
        .min(1, 'Give at least 1 MB.')
        .max(4079, 'Give at most 4079 MB.')
        .default(256),
      /** Absolute; journals go on there while their own directory cannot be written; empty: nowhere. */
      AlternateDirectory: text.default(''),
      /** Days that a journal file is kept after it was closed, whoever needs it; 0: for ever. */
      DaysBeforePurge: days(100).default(2),
      /** So many backups of each of its databases are to be taken after a journal file before it goes; 0: backups are not counted. */
      BackupsBeforePurge: z.coerce
        .number('Give a number of backups.')
        .int('Give a whole number of backups.')
        .min(0, 'Give 0 or more backups.')
        .max(10, 'Give at most 10 backups.')
        .default(0),
      /** Days for which journal files are kept for an async member that is not connected. */
      DaysForLostAsync: days(365).default(14),
      /** On a reporting member: mirror journal files go as `DaysBeforePurge` says, or as soon as they are dejournaled. */
      MirrorJournalRetention: z.enum(['local', 'dejournaled'], 'Give local or dejournaled.').default('local'),
    })
    .prefault({}),
  /** Database name = directory, absolute or inside the instance's. */
  Databases: table.default({}),
  /** Namespace = name of its default database. */
  Namespaces: table.default({}),
  MirrorMember: z
    .looseObject({
      /** Days after which a copy is compared with the primary's by itself; 0: never. */
      CompareDays: z.coerce.number('Give a number of days.').int('Give a whole number of days.').min(0, 'Give 0 or more days.').default(7),
    })
    .prefault({}),
  Mirrors: tables.default({}),
  MapMirrors: tables.default({}),
});

/** gemel.cpf as values. Sections and keys this version does not know are kept as they are. */
export type Settings = z.output<typeof SettingsShape>;

/** Settings of a new instance. */
export function newSettings(values: {
  name: string;
  guid: string;
  superserverPort: number;
  webPort: number;
  /** Default: loopback. */
  listen?: string;
}): Settings {
  return SettingsShape.parse({
    Startup: {
      Format: FORMAT,
      InstanceName: values.name,
      InstanceGUID: values.guid,
      DefaultPort: values.superserverPort,
      WebServerPort: values.webPort,
      ...(values.listen === undefined ? {} : { ListenAddress: values.listen }),
    },
  });
}

/** Throws DAMAGED naming the file, line or section and key at fault, VERSION when a newer version wrote it. */
export function readSettings(file: string, files: Files = realFiles): Settings {
  const source = files.read(file).toString('utf8');
  checkLines(file, source);
  const parsed = SettingsShape.safeParse(ini.parse(source));
  if (!parsed.success) throw damaged(file, parsed.error.issues.map(sayIssue).join(' '));
  if (parsed.data.Startup.Format > FORMAT) {
    throw new GemelError(
      'VERSION',
      `${file} was written by a newer version of Gemel (format ${parsed.data.Startup.Format}).`,
      'Nothing was changed.',
      'Use that version.',
    );
  }
  return parsed.data;
}

const HEADER = '; Settings of this Gemel instance. Change them while it is stopped.\n\n[Startup]\n';

/** Replaces the file at once or not at all. Comments of the one that was there are kept, each above the line it stood above. */
export function writeSettings(file: string, settings: Settings, files: Files = realFiles): void {
  const before = files.exists(file) ? files.read(file).toString('utf8') : HEADER;
  files.atomicWrite(file, Buffer.from(keepComments(before, asIni(settings))));
}

/** Reads, changes and writes the settings; returns the new ones. */
export function updateSettings(file: string, change: (settings: Settings) => Settings, files: Files = realFiles): Settings {
  const changed = change(readSettings(file, files));
  writeSettings(file, changed, files);
  return changed;
}

/** As `ini.stringify`, but whatever a value is, the reader gives it back. */
function asIni(settings: Settings): string {
  return ini.stringify(quoted(settings)).replace(lineSeparators, (one) => `\\u${one.charCodeAt(0).toString(16)}`);
}

/** Ends of line to the INI reader's regular expressions, and not to its writer. They only ever stand inside of quotes. */
const lineSeparators = /[\u2028\u2029]/g;

/** The same tree, where each text that the INI writer would leave bare, and its reader take for another one, is put in quotes. */
function quoted(value: unknown): unknown {
  if (typeof value === 'string') return comesBack(value) ? value : inQuotes(value);
  if (Array.isArray(value)) return value.map(quoted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, quoted(inner)]));
}

function comesBack(text: string): boolean {
  return ini.unsafe(ini.safe(text)) === text && text.isWellFormed() && text.search(lineSeparators) < 0;
}

/** The writer puts what is neither a text nor a table down as JSON: for this that is the text in quotes, which the reader takes as JSON. */
function inQuotes(text: string): unknown {
  return Object.assign(() => text, { toJSON: () => text });
}

/** The INI reader skips what it does not understand; a slip of the hand must not silently drop a setting. */
function checkLines(file: string, source: string): void {
  for (const [index, raw] of source.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue;
    if (/^\[[^\][]+\]$/.test(line) || /^[^=[\]]+=/.test(line)) continue;
    throw damaged(file, `Line ${index + 1} is neither [section] nor key=value: ${line.slice(0, 60)}`);
  }
}

function sayIssue(issue: z.core.$ZodIssue): string {
  const [section, ...keys] = issue.path.map(String);
  const where = section === undefined ? 'The file' : keys.length === 0 ? `Section [${section}]` : `[${section}] ${keys.join('.')}`;
  return `${where}: ${issue.message.replace(/\.?$/, '.')}`;
}

function damaged(file: string, what: string): GemelError {
  return new GemelError('DAMAGED', `${file} cannot be used. ${what}`, 'Nothing was changed.', 'Correct the file with an editor.');
}

/** [MapMirrors.MIRROR] of gemel.cpf: mirror database name = name of the database here. */
export function mirroredHere({ MapMirrors }: Settings, mirror: string): Record<string, string> {
  const entry = MapMirrors[mirror];
  return typeof entry === 'object' ? entry : {};
}
