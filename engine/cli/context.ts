import type { Command } from 'commander';
import { instanceMethods, instanceTopics } from '../api/contract.ts';
import { GemelError } from '../api/errors.ts';
import { connectControl, type ControlClient } from '../api/rpc/index.ts';
import { findRegistered, instancePaths } from '../instance/host.ts';
import type { Terminal } from './output.ts';

/** What every command gets. */
export interface Context {
  /** GEMEL_HOME */
  readonly home: string;
  readonly terminal: Terminal;
}

export type InstanceClient = ControlClient<typeof instanceMethods, typeof instanceTopics>;

/** Every command has it; what is printed with it is the documented shape and nothing else. */
export interface JsonOption {
  readonly json?: boolean;
}

/** A subcommand with the options that all have. */
export function command(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).option('--json', 'print the result as JSON');
}

/** Prints a result as JSON, or as the text a person reads. */
export function show<T>({ terminal }: Context, { json }: JsonOption, result: T, text: (result: T) => string): void {
  terminal.out(json === true ? `${JSON.stringify(result)}\n` : text(result));
}

/** Shows a result that is a sentence. */
export function showDone(context: Context, options: JsonOption, result: { message: string }): void {
  show(context, options, result, ({ message }) => `${message}\n`);
}

/** Longest wait for an instance to answer a command that may take its time (joining a mirror, creating a database). */
const CALL_TIMEOUT_MS = 120_000;

/** Runs `act` connected to a running instance of this host. Throws NOT_FOUND, NOT_RUNNING, TIMEOUT. */
export async function withInstance<T>({ home }: Context, name: string, act: (client: InstanceClient) => Promise<T>): Promise<T> {
  const client = await connectInstance(home, name, CALL_TIMEOUT_MS);
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

/** Throws NOT_FOUND, NOT_RUNNING, TIMEOUT. */
export async function connectInstance(home: string, name: string, timeoutMs?: number): Promise<InstanceClient> {
  const registered = findRegistered(home, name);
  try {
    return await connectControl(
      instancePaths(registered.directory).control,
      instanceMethods,
      instanceTopics,
      timeoutMs === undefined ? {} : { timeoutMs },
    );
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'UNREACHABLE') throw error;
    throw new GemelError(
      'NOT_RUNNING',
      `Instance ${registered.name} is not running.`,
      '',
      `Start it: gemel instance start ${registered.name}`,
    );
  }
}
