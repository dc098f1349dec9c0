import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { instanceMethods, instanceTopics } from '../api/contract.ts';
import { GemelError } from '../api/errors.ts';
import { connectControl, type ControlClient } from '../api/rpc/index.ts';
import type { InstanceStatus } from '../api/status.ts';
import { realClock, type Clock } from '../io/clock.ts';
import { changePorts, listenAddress, type Ports } from './addresses.ts';
import { checkInstanceDirectory, createInstanceDirectory, instancePaths } from './directory.ts';
import { inventory, instanceStatus } from './inventory.ts';
import { acquireLock, instanceLock, lockFree, probeLock, provenHolder } from './lock.ts';
import { freePort } from './ports.ts';
import { findRegistered, homePaths, instanceName, register, unregister, type Registered } from './registry.ts';
import { newSettings } from './settings.ts';
import { processEntry, spawnDetached } from './spawn.ts';

export interface CreateOptions {
  readonly name: string;
  /** Default: a directory of its own below the host's root. */
  readonly directory?: string | undefined;
  /** Default: the first free one from 1972 on. */
  readonly superserverPort?: number | undefined;
  /** Default: the first free one from 52773 on. */
  readonly webPort?: number | undefined;
  /** Address of this host to listen on. Default: loopback. */
  readonly listen?: string | undefined;
}

/** Makes an instance with the namespace USER and its database, and registers it. Throws NAME, EXISTS, REFUSED, RIGHTS, IO. */
export async function createInstance(home: string, options: CreateOptions): Promise<InstanceStatus> {
  const name = instanceName(options.name);
  const directory = path.resolve(options.directory ?? path.join(homePaths(home).instances, name));
  const others = await inventory(home);
  const settings = newSettings({
    name,
    guid: randomUUID(),
    superserverPort: options.superserverPort ?? (await freePort(1972, new Set(others.map((each) => each.superserverPort)))),
    webPort: options.webPort ?? (await freePort(52773, new Set(others.map((each) => each.webPort)))),
    ...(options.listen === undefined ? {} : { listen: await listenAddress(options.listen) }),
  });
  register(home, { name, directory });
  try {
    createInstanceDirectory(directory, { ...settings, Databases: { USER: 'user' }, Namespaces: { USER: 'USER' } });
  } catch (error) {
    unregister(home, name);
    throw error;
  }
  return instanceStatus({ name, directory });
}

export interface StartOptions extends Ports {
  /** For tests: another program than the instance's own. */
  readonly entry?: string;
  readonly timeoutMs?: number;
  /** Nobody asked for it: a member that was forced down is not lifted by it. */
  readonly automatic?: boolean;
}

/** Starts the process, on other ports than before when given, and waits until it answers. Throws RUNNING, or whatever kept it from starting. */
export async function startInstance(home: string, name: string, options: StartOptions = {}): Promise<InstanceStatus> {
  const registered = findRegistered(home, name);
  const { paths } = checkInstanceDirectory(registered.directory);
  const lock = await instanceLock(paths.run);
  if (lock.held) throw alreadyRunning(registered, lock.holder?.pid);
  changePorts(paths.settings, options);
  await spawnDetached({
    entry: options.entry ?? processEntry('instance'),
    args: ['--directory', paths.directory, ...(options.automatic === true ? [] : ['--by-person'])],
    home,
    output: paths.output,
    what: `Instance ${registered.name}`,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  return instanceStatus(registered);
}

export interface StopOptions extends StartOptions {
  /** The backup is not to take over. */
  readonly nofailover?: boolean;
  /** Kill the process instead of asking it: what was not durable is dropped, as in a crash. */
  readonly force?: boolean;
  /** Start it again afterwards. */
  readonly restart?: boolean;
}

/** Stops an instance and waits until its process has ended. Throws NOT_RUNNING, UNREACHABLE, TIMEOUT. */
export async function stopInstance(home: string, name: string, options: StopOptions = {}): Promise<InstanceStatus> {
  const registered = findRegistered(home, name);
  const { run } = instancePaths(registered.directory);
  if (!probeLock(run).held) throw new GemelError('NOT_RUNNING', `Instance ${registered.name} is not running.`);
  if (options.force === true) await forceDown(registered.directory);
  else await stopInOrder(registered, options.nofailover ?? false);
  if (options.restart === true) return startInstance(home, registered.name, options);
  return instanceStatus(registered);
}

/** Longest wait for an instance to hand over, make everything durable and end. */
const STOP_TIMEOUT_MS = 120_000;
const KILL_TIMEOUT_MS = 10_000;

async function stopInOrder(registered: Registered, nofailover: boolean): Promise<void> {
  const { control, run } = instancePaths(registered.directory);
  const client = await connectForStop(registered, control);
  try {
    const gone = new Promise<void>((resolve) => client.onClose(resolve));
    await client.call('instance.stop', { nofailover });
    await within(gone, STOP_TIMEOUT_MS, () => stillStopping(registered));
  } finally {
    client.close();
  }
  await lockFree(run, STOP_TIMEOUT_MS, () => stillStopping(registered));
}

async function connectForStop(
  { name }: Registered,
  control: string,
): Promise<ControlClient<typeof instanceMethods, typeof instanceTopics>> {
  try {
    return await connectControl(control, instanceMethods, instanceTopics);
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    throw new GemelError(
      error.code,
      `Instance ${name} is running but does not answer: ${error.what}`,
      'It was not stopped.',
      'Wait, look at its messages.log, or use --force.',
    );
  }
}

/**
 * Kills the process of an instance and waits until it is gone. Kills only the process that is proven to hold the
 * instance's lock. Throws NOT_RUNNING, or REFUSED when the proof is missing.
 */
export async function forceDown(directory: string, clock: Clock = realClock): Promise<void> {
  const { run } = instancePaths(directory);
  if (!(await instanceLock(run, clock)).held) throw new GemelError('NOT_RUNNING', `No process runs in ${directory}.`);
  const holder = provenHolder(run);
  // An agent that holds the lock for a moment is no process of the instance.
  if (holder?.purpose !== 'instance') {
    throw new GemelError(
      'REFUSED',
      `Which process holds the lock of ${directory} cannot be proven.`,
      'Nothing was killed.',
      'Find the process yourself, or try again in a moment.',
    );
  }
  process.kill(holder.pid, 'SIGKILL');
  await lockFree(
    run,
    KILL_TIMEOUT_MS,
    () => new GemelError('TIMEOUT', `Process ${holder.pid} was killed but is not gone.`, '', 'Its disk may be hanging.'),
    clock,
  );
}

/** Removes an instance with everything below its directory. Databases elsewhere stay. Throws RUNNING. */
export function deleteInstance(home: string, name: string): { message: string } {
  const registered = findRegistered(home, name);
  const paths = instancePaths(registered.directory);
  if (!fs.existsSync(paths.directory)) {
    unregister(home, registered.name);
    return { message: `Instance ${registered.name} is no longer registered here; its directory was gone already.` };
  }
  // Refuses to remove what is not an instance of ours, whatever the registry says.
  checkInstanceDirectory(paths.directory);
  const lock = probeLock(paths.run);
  if (lock.held) throw alreadyRunning(registered, lock.holder?.pid);
  const held = acquireLock(paths.run, 'agent');
  try {
    fs.rmSync(paths.directory, { recursive: true, force: true });
  } finally {
    held.release();
  }
  unregister(home, registered.name);
  return { message: `Instance ${registered.name} and its directory ${paths.directory} were deleted.` };
}

function alreadyRunning({ name }: Registered, pid: number | undefined): GemelError {
  return new GemelError(
    'RUNNING',
    `Instance ${name} is running${pid === undefined ? '' : ` as process ${pid}`}.`,
    'It was left alone.',
    `To stop it: gemel instance stop ${name}`,
  );
}

function stillStopping({ name }: Registered): GemelError {
  return new GemelError(
    'TIMEOUT',
    `Instance ${name} has not ended yet.`,
    'It goes on stopping.',
    'Look at its messages.log; --force ends it at once.',
  );
}

async function within(event: Promise<void>, timeoutMs: number, late: () => GemelError, clock: Clock = realClock): Promise<void> {
  const { promise, reject } = Promise.withResolvers<void>();
  const timer = clock.timer(timeoutMs, () => reject(late()));
  await Promise.race([event, promise]).finally(() => timer.cancel());
}
