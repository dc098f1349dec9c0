import { GemelError } from '../../api/errors.ts';
import type { Bytes } from '../../globals/index.ts';
import type { Target } from '../../instance/session.ts';
import type { Client } from '../client.ts';
import { integerArgument, refusal, syntaxError, type Command } from '../command.ts';

const LEVELS_MAX = 255;
const WAIT_MAX_MS = 2_147_483_647;

function tstart(client: Client): void {
  const level = client.session.tstart();
  client.changed();
  client.out.integer(level);
}

function tcommit(client: Client): void {
  const level = client.session.tcommit();
  client.changed();
  client.out.integer(level);
}

/** `TROLLBACK [n]`: undoes n levels, all of them without n. */
function trollback(client: Client, args: readonly Bytes[]): void {
  if (args.length > 2) throw syntaxError();
  const levels = args[1] === undefined ? 0 : integerArgument(args[1], 'The number of levels', 1, LEVELS_MAX);
  const level = client.session.trollback(levels);
  client.changed();
  client.out.integer(level);
}

function tlevel(client: Client): void {
  client.out.integer(client.session.level);
}

/** Answers when everything done so far, by whomever, is durable. */
function jsync(client: Client): void {
  client.requireDurable(client.server.executor.newestTicket);
  client.out.ok();
}

/**
 * `WAIT n timeoutMs`: answers when the connection's updates are durable or the time is up (0: no limit), with the number of
 * backups that are known to have them: durable means the active backup has acknowledged, so 1 when there is a backup and 0
 * when there is none. It never waits for more backups than there can be.
 */
function wait(client: Client, args: readonly Bytes[]): void {
  const [, replicas = '', timeout = ''] = args;
  integerArgument(replicas, 'The number of backups', 0, WAIT_MAX_MS);
  const timeoutMs = integerArgument(timeout, 'The timeout in ms', 0, WAIT_MAX_MS);
  const { executor, clock } = client.server;
  const acknowledged = (): void => client.out.integer(executor.role().peers.length > 0 ? 1 : 0);
  if (client.lastUpdate <= executor.durableTicket) {
    acknowledged();
    return;
  }
  const ending: { timer?: { cancel(): void } } = {};
  const resume = client.suspend(() => ending.timer?.cancel());
  client.whenDurable(client.lastUpdate, () => {
    ending.timer?.cancel();
    resume(acknowledged);
  });
  // whichever resumes first ends the wait, the other one finds nothing to resume
  if (timeoutMs > 0) ending.timer = clock.timer(timeoutMs, () => resume(() => client.out.integer(0)));
}

function multi(client: Client): void {
  if (client.multi.open) throw refusal('MULTI calls can not be nested');
  client.multi.open = true;
  client.out.ok();
}

function discard(client: Client): void {
  if (!client.multi.open) throw refusal('DISCARD without MULTI');
  client.multi.clear();
  client.out.ok();
}

/** All queued commands in one turn, inside a transaction of their own: a crash or takeover leaves all or nothing of them. */
function exec(client: Client): void {
  const { multi: state, session, out } = client;
  if (!state.open) throw refusal('EXEC without MULTI');
  const { queue, failed } = state;
  const dirty = state.dirty;
  state.clear();
  if (failed) throw new GemelError('EXECABORT', 'Transaction discarded because of previous errors.');
  if (dirty) {
    // what made it dirty may still be lost, and then saying so would be wrong
    client.requireDurable(client.server.executor.newestTicket);
    out.nullArray();
    return;
  }
  const together = queue.filter((q) => q.command.writes).length > 1;
  if (together) session.tstart();
  out.array(queue.length);
  for (const { command, args } of queue) client.runQueued(command, args);
  if (together) {
    session.tcommit();
    client.changed();
  }
}

function watch(client: Client, args: readonly Bytes[]): void {
  watchAll(client, args, (key) => client.session.resolveKv(key));
}

/** `GWATCH ref ...`: as WATCH, for any nodes. */
function gwatch(client: Client, args: readonly Bytes[]): void {
  watchAll(client, args, (reference) => client.session.resolve(reference));
}

function watchAll(client: Client, args: readonly Bytes[], resolve: (text: Bytes) => Target): void {
  if (client.multi.open) throw refusal('WATCH inside MULTI is not allowed');
  const { watchedKeys } = client.server.limits;
  if (client.multi.watchCount + args.length - 1 > watchedKeys)
    throw refusal(`A connection can watch ${watchedKeys} keys at most.`, 'UNWATCH first.');
  const targets = args.slice(1).map(resolve);
  for (const target of targets) client.multi.watch(client.session.watch(target));
  client.out.ok();
}

function unwatch(client: Client): void {
  client.multi.unwatch();
  client.out.ok();
}

export const transactionCommands: readonly Command[] = [
  { name: 'TSTART', arity: 1, inMulti: 'refuse', writes: true, run: tstart },
  { name: 'TCOMMIT', arity: 1, inMulti: 'refuse', run: tcommit },
  { name: 'TROLLBACK', arity: -1, inMulti: 'refuse', run: trollback },
  { name: 'TLEVEL', arity: 1, run: tlevel },
  { name: 'JSYNC', arity: 1, run: jsync },
  { name: 'WAIT', arity: 3, inMulti: 'refuse', run: wait },
  { name: 'MULTI', arity: 1, inMulti: 'now', redis: true, run: multi },
  { name: 'EXEC', arity: 1, inMulti: 'now', redis: true, writes: true, run: exec },
  { name: 'DISCARD', arity: 1, inMulti: 'now', redis: true, run: discard },
  { name: 'WATCH', arity: -2, inMulti: 'now', redis: true, run: watch },
  { name: 'GWATCH', arity: -2, inMulti: 'now', run: gwatch },
  { name: 'UNWATCH', arity: 1, redis: true, run: unwatch },
];
