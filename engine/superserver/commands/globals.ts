import type { Target } from '../../instance/session.ts';
import type { Bytes, Key } from '../../globals/index.ts';
import type { Client } from '../client.ts';
import { argument, integerArgument, refusal, syntaxError, type Command } from '../command.ts';

/** Nodes asked of the session at a time, and bytes after which a GSCAN ends its page. */
const SCAN_SLICE = 16;
const SCAN_BYTES = 1024 * 1024;
const SCAN_COUNT_MAX = 100_000;

function target(client: Client, args: readonly Bytes[]): Target {
  return client.session.resolve(argument(args, 1));
}

function gset(client: Client, args: readonly Bytes[]): void {
  client.session.set(target(client, args), argument(args, 2));
  client.changed();
  client.out.ok();
}

/** The value, or the null reply for a node without one. */
function gget(client: Client, args: readonly Bytes[]): void {
  const value = client.session.get(target(client, args));
  client.showed();
  client.out.bulk(value);
}

function gkill(client: Client, args: readonly Bytes[]): void {
  const work = client.session.kill(target(client, args));
  client.perform(work, () => {
    client.changed();
    client.out.ok();
  });
}

function gzkill(client: Client, args: readonly Bytes[]): void {
  client.session.zkill(target(client, args));
  client.changed();
  client.out.ok();
}

function gdata(client: Client, args: readonly Bytes[]): void {
  const data = client.session.data(target(client, args));
  client.showed();
  client.out.integer(data);
}

/** `GORDER ref [1|-1]` */
function gorder(client: Client, args: readonly Bytes[]): void {
  const direction = args[2] ?? '1';
  if (args.length > 3) throw syntaxError();
  if (direction !== '1' && direction !== '-1') throw refusal('The direction of GORDER is 1 or -1.');
  const next = client.session.order(target(client, args), direction === '1' ? 1 : -1);
  client.showed();
  client.out.bulk(next);
}

function gquery(client: Client, args: readonly Bytes[]): void {
  const next = client.session.query(target(client, args));
  client.showed();
  client.out.bulk(next);
}

/** `GINCR ref [by]`: the new value as text. */
function gincr(client: Client, args: readonly Bytes[]): void {
  if (args.length > 3) throw syntaxError();
  const value = client.session.increment(target(client, args), args[2] ?? '1');
  client.changed();
  client.out.bulk(value);
}

/** `GMERGE to from` */
function gmerge(client: Client, args: readonly Bytes[]): void {
  const work = client.session.merge(target(client, args), client.session.resolve(argument(args, 2)));
  client.perform(work, () => {
    client.changed();
    client.out.ok();
  });
}

/**
 * `GSCAN ref [CURSOR c] [COUNT n]`: an array of the next cursor and a flat array of references and values, of the node and
 * what is below it. A cursor is text that is good on every connection and member; '0' begins and, in the reply, ends.
 */
function gscan(client: Client, args: readonly Bytes[]): void {
  const { cursor, count } = scanOptions(args);
  const below = target(client, args);
  const found: Bytes[] = [];
  let at: Key = cursor === '0' ? '' : decodeCursor(cursor);
  let bytes = 0;
  let left = count;
  do {
    const page = client.session.scan(below, at, Math.min(left, SCAN_SLICE));
    client.showed();
    for (const node of page.nodes) {
      found.push(node.reference, node.value);
      bytes += node.reference.length + node.value.length;
    }
    left -= page.nodes.length;
    at = page.cursor;
  } while (at !== '' && left > 0 && bytes < SCAN_BYTES);
  client.out.array(2);
  client.out.bulk(at === '' ? '0' : Buffer.from(at, 'latin1').toString('hex'));
  client.out.array(found.length);
  for (const text of found) client.out.bulk(text);
}

function scanOptions(args: readonly Bytes[]): { cursor: Bytes; count: number } {
  let cursor = '0';
  let count = 100;
  for (let at = 2; at < args.length; at += 2) {
    const option = argument(args, at).toUpperCase();
    const value = args[at + 1];
    if (value === undefined) throw syntaxError();
    if (option === 'CURSOR') cursor = value;
    else if (option === 'COUNT') count = integerArgument(value, 'COUNT', 1, SCAN_COUNT_MAX);
    else throw syntaxError();
  }
  return { cursor, count };
}

function decodeCursor(cursor: Bytes): Key {
  if (!/^([0-9a-f]{2})+$/.test(cursor)) throw refusal('That is not a cursor of GSCAN.', 'Begin again with cursor 0.');
  return Buffer.from(cursor, 'hex').latin1Slice();
}

export const globalCommands: readonly Command[] = [
  { name: 'GSET', arity: 3, writes: true, run: gset },
  { name: 'GGET', arity: 2, run: gget },
  { name: 'GKILL', arity: 2, writes: true, run: gkill },
  { name: 'GZKILL', arity: 2, writes: true, run: gzkill },
  { name: 'GDATA', arity: 2, run: gdata },
  { name: 'GORDER', arity: -2, run: gorder },
  { name: 'GQUERY', arity: 2, run: gquery },
  { name: 'GINCR', arity: -2, writes: true, run: gincr },
  { name: 'GMERGE', arity: 3, writes: true, run: gmerge },
  { name: 'GSCAN', arity: -2, run: gscan },
];
