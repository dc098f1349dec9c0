import { runCommand } from '../../engine/cli/program.ts';
import type { InstanceJob } from '../../engine/api/jobs.ts';

/** What a command of the command line printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command as a user of that host would. */
export async function gemel(home: string, ...args: readonly string[]): Promise<Ran> {
  const said = { out: '', err: '' };
  const terminal = { out: (text: string) => void (said.out += text), err: (text: string) => void (said.err += text), interactive: false };
  return { code: await runCommand(args, { home, terminal }), ...said };
}

/** The JSON that a command prints that must succeed. */
export async function json(home: string, ...args: readonly string[]): Promise<unknown> {
  const { code, out, err } = await gemel(home, ...args, '--json');
  if (code !== 0) throw new Error(`gemel ${args.join(' ')} ended with ${code}: ${err}`);
  return JSON.parse(out);
}

/** The jobs of an instance, newest first. */
export async function jobs(home: string, instance: string): Promise<InstanceJob[]> {
  return (await json(home, 'job', 'list', instance)) as InstanceJob[];
}
