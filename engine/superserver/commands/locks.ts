import type { LockMode, LockPlace } from '../../instance/locks.ts';
import { nodeKey, type Bytes } from '../../globals/index.ts';
import type { Client } from '../client.ts';
import { argument, integerArgument, refusal, syntaxError, type Command } from '../command.ts';

const TIMEOUT_MAX_MS = 2_147_483_647;

/**
 * `GLOCK ref [S|X] [timeoutMs]`: 1 when the lock is held, 0 when the time was up. Without a timeout it waits as long as it
 * takes, with 0 it only tries; inside MULTI it only tries.
 */
function glock(client: Client, args: readonly Bytes[]): void {
  const { locks, clock } = client.server;
  const { mode, timeoutMs } = lockOptions(args);
  const place = placeOf(client, args);
  if (locks.tryLock(client.id, place, mode)) {
    client.out.integer(1);
    return;
  }
  if (timeoutMs === 0 || !client.mayWait) {
    client.out.integer(0);
    return;
  }
  const ending: { timer?: { cancel(): void } } = {};
  const wait = locks.wait(client.id, place, mode, () => {
    ending.timer?.cancel();
    resume(() => client.out.integer(1));
  });
  const resume = client.suspend(() => {
    ending.timer?.cancel();
    wait.cancel();
  });
  if (timeoutMs === undefined) return;
  ending.timer = clock.timer(timeoutMs, () => {
    wait.cancel();
    resume(() => client.out.integer(0));
  });
}

/** `GUNLOCK ref [S|X]`: gives back one count, without a mode of the exclusive lock if there is one. 1, or 0 when none was held. */
function gunlock(client: Client, args: readonly Bytes[]): void {
  const { locks } = client.server;
  if (args.length > 3) throw syntaxError();
  const place = placeOf(client, args);
  const wanted = args[2]?.toUpperCase();
  if (wanted !== undefined && !isMode(wanted)) throw refusal('The mode of a lock is S or X.');
  const mode = wanted ?? (locks.held(client.id, place).exclusive > 0 ? 'X' : 'S');
  client.out.integer(locks.unlock(client.id, place, mode) ? 1 : 0);
}

function placeOf(client: Client, args: readonly Bytes[]): LockPlace {
  const target = client.session.resolve(argument(args, 1));
  return { database: target.database.name, key: nodeKey(target.key) };
}

function lockOptions(args: readonly Bytes[]): { mode: LockMode; timeoutMs: number | undefined } {
  if (args.length > 4) throw syntaxError();
  const rest = args.slice(2);
  const first = rest[0]?.toUpperCase();
  const mode = first !== undefined && isMode(first) ? first : 'X';
  if (first === mode) rest.shift();
  const [timeout, ...tooMany] = rest;
  if (tooMany.length > 0) throw syntaxError();
  return { mode, timeoutMs: timeout === undefined ? undefined : integerArgument(timeout, 'The timeout in ms', 0, TIMEOUT_MAX_MS) };
}

function isMode(text: string): text is LockMode {
  return text === 'S' || text === 'X';
}

export const lockCommands: readonly Command[] = [
  { name: 'GLOCK', arity: -2, run: glock },
  { name: 'GUNLOCK', arity: -2, run: gunlock },
];
