import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { MirroredDatabaseView } from '../../engine/api/status.ts';
import { RespError } from '../../engine/cli/resp-client.ts';
import { runCommand } from '../../engine/cli/program.ts';
import { getIn, setIn } from '../asyncs-support.ts';
import type { TestMember } from '../support/pair.ts';
import { until } from '../support/until.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command line as a user on the member's host gives it. */
export async function gemel(member: TestMember, ...args: string[]): Promise<Ran> {
  let out = '';
  let err = '';
  const terminal = { interactive: false, out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  const code = await runCommand(args, { home: member.home, terminal });
  return { code, out, err };
}

/** `gemel db ACTION MEMBER ...`, which must do it. @returns what it prints */
export async function db(member: TestMember, action: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await gemel(member, 'db', action, member.name, ...args);
  if (code !== 0) throw new Error(`gemel db ${action} ${member.name} ${args.join(' ')}: ${err}`);
  return out;
}

/** The same, which must be refused. @returns the line */
export async function refused(member: TestMember, action: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await gemel(member, 'db', action, member.name, ...args);
  if (code === 0) throw new Error(`gemel db ${action} ${member.name} ${args.join(' ')} was not refused: ${out}`);
  return err;
}

/** How the mirror's databases stand on a member, by their names in the mirror. */
export async function databases(member: TestMember): Promise<Record<string, MirroredDatabaseView>> {
  return Object.fromEntries(((await member.status())?.databases ?? []).map((each) => [each.name, each]));
}

export async function statusOf(member: TestMember, database: string): Promise<string | undefined> {
  return (await databases(member))[database]?.status;
}

/** Waits for the status of a database on a member. */
export async function stands(member: TestMember, database: string, status: string): Promise<void> {
  let seen: unknown;
  await until(
    `${database} is ${status} on ${member.name}`,
    async () => {
      seen = await databases(member).catch(() => undefined);
      return (seen as Record<string, MirroredDatabaseView> | undefined)?.[database]?.status === status;
    },
    () => seen,
  );
}

/** Waits until a node of a database has that value on a member; null: it has none. */
export async function holds(member: TestMember, database: string, name: string, value: string | null): Promise<void> {
  let seen: unknown;
  await until(
    `${database} ${name} is ${String(value)} on ${member.name}`,
    async () => {
      seen = await getIn(member, database, name).catch((error: unknown) => String(error));
      return seen === value;
    },
    () => seen,
  );
}

/** What an update is refused with; 'OK': it was taken. */
export async function tried(member: TestMember, database: string, name: string, value: string): Promise<string> {
  try {
    await setIn(member, database, name, value);
    return 'OK';
  } catch (error) {
    if (error instanceof RespError) return error.code;
    throw error;
  }
}

/** Brings the file of a database to another member, as a person copies it: dismounted on both. */
export function copyFile(from: TestMember, to: TestMember, database: string): void {
  const file = (member: TestMember): string => path.join(member.directory, database.toLowerCase(), 'GEMEL.DAT');
  for (const suffix of ['-wal', '-shm']) rmSync(file(to) + suffix, { force: true });
  cpSync(file(from), file(to));
}

/** Puts an added database, with what it has on one member, on another one: a placeholder, a cold copy, activated and caught up. */
export async function seed(from: TestMember, to: TestMember, database: string): Promise<void> {
  await db(to, 'create', database);
  await db(from, 'dismount', database);
  await db(to, 'dismount', database);
  copyFile(from, to, database);
  await db(from, 'mount', database);
  await db(to, 'mount', database);
  await db(to, 'catchup', database);
}
