import { execFile } from 'node:child_process';
import type { JournalList, JournalVerification, PurgeResult, RecordView } from '../../engine/api/journals.ts';
import { until } from '../support/until.ts';
import { programs } from '../support/programs.ts';
import type { TestMember } from '../support/pair.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command as a user of the member's host gives it. */
export function gemel(member: TestMember, ...args: string[]): Promise<Ran> {
  const env = { ...process.env, GEMEL_HOME: member.home };
  return new Promise((resolve) => {
    execFile(process.execPath, [programs.gemel, ...args], { env, maxBuffer: 64 * 1024 * 1024 }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, out, err });
    });
  });
}

async function json<T>(member: TestMember, ...args: string[]): Promise<T> {
  const { code, out, err } = await gemel(member, ...args, '--json');
  if (code !== 0) throw new Error(`gemel ${args.join(' ')}: ${err}`);
  return JSON.parse(out) as T;
}

export function list(member: TestMember): Promise<JournalList> {
  return json(member, 'journal', 'list', member.name);
}

export async function search(member: TestMember, ...args: string[]): Promise<RecordView[]> {
  const { code, out, err } = await gemel(member, 'journal', 'search', member.name, ...args, '--json');
  if (code !== 0) throw new Error(err);
  const lines = out.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as RecordView);
}

/** Of the journal of the mirror TEST, without any age. */
export async function purge(member: TestMember, ...args: string[]): Promise<PurgeResult['journals'][number]> {
  const { journals } = await json<PurgeResult>(member, 'journal', 'purge', member.name, '--older-than', '0', '--mirror', 'TEST', ...args);
  const [only] = journals;
  if (only === undefined) throw new Error('nothing was said of the journal');
  return only;
}

/** Purges until all that are not in use are gone: members confirm, and databases are checkpointed, after a while. */
export async function purgeAll(member: TestMember): Promise<void> {
  let seen: unknown;
  await until(
    `${member.name} needs only the file in use`,
    async () => {
      seen = await purge(member);
      return (await mirrorFiles(member)).length === 1;
    },
    () => seen,
  );
}

/** Names of the mirror's journal files. */
export async function mirrorFiles(member: TestMember): Promise<string[]> {
  const { journals } = await list(member);
  return journals.find(({ mirror }) => mirror === 'TEST')?.files.map(({ name }) => name) ?? [];
}

export async function verify(member: TestMember): Promise<JournalVerification> {
  const { out } = await gemel(member, 'journal', 'verify', member.name, '--json');
  return JSON.parse(out.split('\n')[0] ?? '') as JournalVerification;
}

/** Ends the file in use of the mirror's journal. */
export async function switchJournal(member: TestMember): Promise<void> {
  await json(member, 'journal', 'switch', member.name);
}
