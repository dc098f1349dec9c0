import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { GemelError } from '../api/errors.ts';
import { InstanceName } from '../api/names.ts';
import { errorCode } from '../io/error-code.ts';

/** Where everything of a host is. */
export interface HomePaths {
  readonly home: string;
  /** A directory with one small file for each instance, so that two creations cannot overwrite each other. */
  readonly registry: string;
  readonly instances: string;
  readonly run: string;
  readonly agentSocket: string;
  readonly agentSettings: string;
  readonly agentLog: string;
  readonly agentOutput: string;
}

export function homePaths(home: string): HomePaths {
  const root = path.resolve(home);
  const run = path.join(root, 'run');
  return {
    home: root,
    registry: path.join(root, 'registry'),
    instances: path.join(root, 'instances'),
    run,
    agentSocket: path.join(run, 'agent.sock'),
    agentSettings: path.join(root, 'iscagent.conf'),
    agentLog: path.join(root, 'agent.log'),
    agentOutput: path.join(run, 'agent-output.log'),
  };
}

/** GEMEL_HOME, else ~/.gemel. */
export function defaultHome(environment: NodeJS.ProcessEnv = process.env): string {
  const { GEMEL_HOME } = environment;
  return path.resolve(GEMEL_HOME !== undefined && GEMEL_HOME !== '' ? GEMEL_HOME : path.join(os.homedir(), '.gemel'));
}

export interface Registered {
  readonly name: string;
  readonly directory: string;
}

const Entry = z.object({ name: z.string(), directory: z.string() });

/** The upper-case form of an instance name. Throws NAME. */
export function instanceName(name: string): string {
  const parsed = InstanceName.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new GemelError(
    'NAME',
    `${JSON.stringify(name)} cannot be the name of an instance. ${parsed.error.issues[0]?.message ?? ''}`,
    '',
    'Choose another name.',
  );
}

/** Every instance of the host, in order of name. */
export function listRegistered(home: string): Registered[] {
  const { registry } = homePaths(home);
  try {
    const files = fs.readdirSync(registry).filter((file) => file.endsWith('.json'));
    return files.sort().map((file) => readEntry(path.join(registry, file)));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Throws NOT_FOUND naming what there is. */
export function findRegistered(home: string, name: string): Registered {
  const wanted = instanceName(name);
  const all = listRegistered(home);
  const found = all.find((each) => each.name === wanted);
  if (found !== undefined) return found;
  const known = all.length === 0 ? 'This host has no instances yet.' : `This host has: ${all.map((each) => each.name).join(', ')}.`;
  throw new GemelError('NOT_FOUND', `There is no instance ${wanted} here.`, '', `${known} GEMEL_HOME is ${path.resolve(home)}.`);
}

/** Takes the name. Throws EXISTS. */
export function register(home: string, { name, directory }: Registered): void {
  const { registry } = homePaths(home);
  fs.mkdirSync(registry, { recursive: true, mode: 0o700 });
  try {
    fs.writeFileSync(path.join(registry, `${name}.json`), `${JSON.stringify({ name, directory })}\n`, {
      flag: 'wx',
      mode: 0o600,
      flush: true,
    });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw new GemelError('EXISTS', `There is an instance ${name} already.`, 'It was not changed.', 'Choose another name.');
  }
}

export function unregister(home: string, name: string): void {
  fs.rmSync(path.join(homePaths(home).registry, `${name}.json`), { force: true });
}

function readEntry(file: string): Registered {
  try {
    return Entry.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch {
    throw new GemelError(
      'DAMAGED',
      `The registry entry ${file} cannot be read.`,
      'The instance itself was not touched.',
      'Write it anew as {"name":"NAME","directory":"/path"}, or remove it.',
    );
  }
}
