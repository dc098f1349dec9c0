import { JournalVerification, type PurgeResult } from '../../engine/api/journals.ts';
import { options, quoted } from './command-line.ts';
import { outputOf } from './command-output.ts';
import { findInstance, prepared, type ActionContext, type Of, type Prepared } from './context.ts';
import { named, runs, size } from './databases/index.ts';
import { engineJobStep } from './engine-job.ts';

const PURGE_MS = 60_000;

type Which = string | null | undefined;

function journalText(journal: Which): string {
  if (journal === undefined) return 'all journals';
  return journal === null ? 'the local journal' : `the journal of mirror ${journal}`;
}

function which(journal: Which): { mirror?: string; local?: boolean } {
  if (journal === undefined) return {};
  return journal === null ? { local: true } : { mirror: journal };
}

export function switchJournal(action: Of<'switchJournal'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  return prepared(action, {
    title: `Switch the journal of ${facts.name}`,
    subject: facts.name,
    consequences: ['The journal file in use is closed and the next one begun. Updates go on; nothing is lost or purged by it.'],
    checks: [runs(facts)],
    steps: [
      {
        text: 'Begin the next file',
        command: host.command(`journal switch ${facts.name}`),
        run: async ({ log }) => log(`The journal goes on in ${(await host.callInstance(facts.name, 'journal.switch', {})).file}.`),
      },
    ],
    holds: [`journal ${facts.id}`],
    result: `The journal of ${facts.name} goes on in a new file.`,
  });
}

export function verifyJournal(action: Of<'verifyJournal'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  const { journal, files } = action;
  const what = files === undefined ? journalText(journal) : named(files);
  const text = ['journal verify', options(which(journal)), facts.name, ...(files ?? []).map(quoted)];
  const args = [
    'journal',
    'verify',
    '--json',
    ...Object.entries(which(journal)).map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`)),
    '--',
    facts.name,
    ...(files ?? []),
  ];
  return prepared(action, {
    title: `Verify ${what} of ${facts.name}`,
    subject: facts.name,
    consequences: [
      `${what}: every block is read and its checksums are compared. It reads the disk beside the instance; nothing is changed.`,
    ],
    steps: [
      {
        text: `Read ${what}`,
        command: host.command(text.filter((word) => word !== '').join(' ')),
        cancellable: true,
        run: async ({ log, signal }) => {
          const { lines, error } = await outputOf(host.run(args), signal);
          const [result] = lines;
          if (result !== undefined) {
            const found = JournalVerification.parse(JSON.parse(result));
            for (const { file, offset, reason, isFault } of found.findings)
              log(`${isFault ? 'Fault' : 'Note'}: ${file}${offset === null ? '' : ` at ${offset}`}: ${reason}`);
            log(`${found.files} files, ${found.blocks} blocks, ${size(found.bytes)} were read.`);
          }
          if (error !== null) throw error;
        },
      },
    ],
    holds: [],
    result: `${what}: sound.`,
  });
}

/** What would be purged now; nothing is. */
export async function purgeable(action: Omit<Of<'purgeJournal'>, 'action'>, context: ActionContext): Promise<PurgeResult> {
  const { host, facts } = findInstance(context, action.instance);
  return host.callInstance(facts.name, 'journal.purge', { ...purgeParams(action), dryRun: true }, PURGE_MS);
}

function purgeParams({ journal, olderThanDays }: Omit<Of<'purgeJournal'>, 'action'>) {
  return { ...which(journal), ...(olderThanDays === undefined ? {} : { olderThanDays }) };
}

export async function purgeJournal(action: Of<'purgeJournal'>, context: ActionContext): Promise<Prepared> {
  const { host, facts } = findInstance(context, action.instance);
  const { journals } = await purgeable(action, context);
  const going = journals.flatMap(({ purged }) => purged);
  const kept = journals.flatMap((each) => each.kept);
  const what = journalText(action.journal);
  const age = action.olderThanDays;
  return prepared(action, {
    title: `Purge ${what} of ${facts.name}`,
    subject: facts.name,
    consequences: [
      ...(going.length === 0
        ? []
        : [
            `${going.length === 1 ? 'One file is' : `${going.length} files are`} removed, ${size(going.reduce((sum, each) => sum + each.size, 0))}: ${named(going.map(({ name }) => name))}.`,
            'No member of the mirror needs them, nor any database here. What was updated then cannot be looked up or restored from them any more.',
          ]),
      ...kept.slice(0, 5).map(({ name, reasons }) => `${name} stays: ${reasons.map(({ text }) => text).join('; ')}.`),
      ...(kept.length > 5 ? [`${kept.length - 5} more stay.`] : []),
    ],
    checks: [runs(facts)],
    steps: [
      {
        text: 'Remove what nobody needs',
        command: host.command(`journal purge ${facts.name} ${options({ ...which(action.journal), 'older-than': age })}`.trim()),
        run: async ({ log }) => {
          const done = await host.callInstance(facts.name, 'journal.purge', purgeParams(action), PURGE_MS);
          for (const { name, size: bytes } of done.journals.flatMap(({ purged }) => purged)) log(`Removed ${name}, ${size(bytes)}.`);
        },
      },
    ],
    refusals:
      going.length > 0
        ? []
        : [{ reason: 'Nothing would go: each file is still needed, or too young.', todo: 'What keeps each file stands below.' }],
    danger: age !== undefined,
    holds: [`journal ${facts.id}`],
    result: 'The files are removed.',
  });
}

export function restoreJournal(action: Of<'restoreJournal'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  const { database, files, source, to, global } = action;
  const [first = ''] = files;
  const range = files.length === 1 ? first : `${files.length} files from ${first} to ${files.at(-1) ?? ''}`;
  return prepared(action, {
    title: `Restore ${database} from journal files`,
    subject: database,
    consequences: [
      `What ${range} has for ${source ?? `the directory of ${database}`}${global === undefined ? '' : `, ${global} and below only,`} is applied to ${database} on ${facts.name}, ${to === undefined ? 'to the end' : `up to ${to}`}.`,
      'What it has now is overwritten where the journal has it. Transactions that are open at that point are rolled back.',
      'Nobody else updates the database meanwhile.',
    ],
    checks: [runs(facts)],
    steps: [
      engineJobStep({
        host,
        instance: facts.name,
        text: `Apply the journal to ${database}`,
        command: host.command(
          `journal restore ${facts.name} ${quoted(database)} --from ${files.map(quoted).join(' ')} ${options({ source, to, global })}`.trim(),
        ),
        begin: () =>
          host.callInstance(facts.name, 'journal.restore', {
            database,
            files: [...files],
            ...(source === undefined ? {} : { source }),
            ...(to === undefined ? {} : { to }),
            ...(global === undefined ? {} : { global }),
          }),
      }),
    ],
    danger: true,
    holds: [`database ${facts.id}/${database}`],
    result: `${database} is as the journal had it${to === undefined ? '' : ` at ${to}`}.`,
  });
}
