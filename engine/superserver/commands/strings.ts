import { GemelError } from '../../api/errors.ts';
import type { Target } from '../../instance/session.ts';
import type { Bytes } from '../../globals/index.ts';
import type { Client } from '../client.ts';
import { argument, integerArgument, refusal, shown, syntaxError, type Command } from '../command.ts';
import { glob } from '../glob.ts';

const INTEGER_MIN = -(2n ** 63n);
const INTEGER_MAX = 2n ** 63n - 1n;
const SCAN_COUNT_MAX = 100_000;
/** Options of Redis whose effect does not exist here. */
const UNSUPPORTED = new Set(['EX', 'PX', 'EXAT', 'PXAT', 'KEEPTTL', 'IFEQ', 'IFNE', 'IFDEQ', 'IFDNE']);

function read(client: Client, key: Bytes): Bytes | undefined {
  const value = client.session.get(client.session.resolveKv(key));
  client.showed();
  return value;
}

function store(client: Client, target: Target, value: Bytes): void {
  client.session.set(target, value);
  client.changed();
}

function get(client: Client, args: readonly Bytes[]): void {
  client.out.bulk(read(client, argument(args, 1)));
}

interface SetOptions {
  readonly only: 'NX' | 'XX' | undefined;
  readonly get: boolean;
}

const PLAIN: SetOptions = { only: undefined, get: false };

function setOptions(args: readonly Bytes[]): SetOptions {
  if (args.length === 3) return PLAIN;
  let only: 'NX' | 'XX' | undefined;
  let get = false;
  for (const arg of args.slice(3)) {
    const option = arg.toUpperCase();
    if (UNSUPPORTED.has(option))
      throw refusal(`The option ${option} of SET is not supported: keys do not expire and values are not compared.`, 'Nothing was set.');
    if (option === 'GET') get = true;
    else if ((option === 'NX' || option === 'XX') && (only === undefined || only === option)) only = option;
    else throw syntaxError();
  }
  return { only, get };
}

/** `SET key value [NX|XX] [GET]` */
function set(client: Client, args: readonly Bytes[]): void {
  const options = setOptions(args);
  const target = client.session.resolveKv(argument(args, 1));
  if (options === PLAIN) {
    store(client, target, argument(args, 2));
    client.out.ok();
    return;
  }
  const old = client.session.get(target);
  client.showed();
  const applies = options.only === undefined || (options.only === 'NX') === (old === undefined);
  if (applies) store(client, target, argument(args, 2));
  if (options.get) client.out.bulk(old);
  else if (applies) client.out.ok();
  else client.out.null();
}

function mget(client: Client, args: readonly Bytes[]): void {
  client.out.array(args.length - 1);
  for (const key of args.slice(1)) client.out.bulk(read(client, key));
}

/** All or nothing, also across a crash. */
function mset(client: Client, args: readonly Bytes[]): void {
  if (args.length % 2 === 0) throw refusal("wrong number of arguments for 'mset' command");
  const { session } = client;
  const pairs: { target: Target; value: Bytes }[] = [];
  for (let at = 1; at < args.length; at += 2) pairs.push({ target: session.resolveKv(argument(args, at)), value: argument(args, at + 1) });
  session.tstart();
  try {
    for (const { target, value } of pairs) session.set(target, value);
  } catch (error) {
    session.trollback(1);
    throw error;
  }
  session.tcommit();
  client.changed();
  client.out.ok();
}

/** Removes the values; what GSET may have put below such a node stays. */
function del(client: Client, args: readonly Bytes[]): void {
  const { session } = client;
  const targets = args.slice(1).map((key) => session.resolveKv(key));
  let removed = 0;
  for (const target of targets) {
    const there = session.get(target) !== undefined;
    client.showed();
    if (!there) continue;
    session.zkill(target);
    client.changed();
    removed++;
  }
  client.out.integer(removed);
}

function exists(client: Client, args: readonly Bytes[]): void {
  let count = 0;
  for (const key of args.slice(1)) if (read(client, key) !== undefined) count++;
  client.out.integer(count);
}

function strlen(client: Client, args: readonly Bytes[]): void {
  client.out.integer(read(client, argument(args, 1))?.length ?? 0);
}

function append(client: Client, args: readonly Bytes[]): void {
  const target = client.session.resolveKv(argument(args, 1));
  const value = (client.session.get(target) ?? '') + argument(args, 2);
  const { value: longest } = client.server.limits;
  if (value.length > longest)
    throw new GemelError('MAXSTRING', `The value would be longer than ${longest} bytes.`, 'Nothing was appended.');
  store(client, target, value);
  client.out.integer(value.length);
}

/** The integers of Redis: 64 bits, no fractions, and an error rather than a zero for text. */
function integer64(text: Bytes): bigint {
  const value = /^(0|-?[1-9]\d{0,18})$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value < INTEGER_MIN || value > INTEGER_MAX) throw refusal('value is not an integer or out of range');
  return value;
}

function addTo(client: Client, key: Bytes, by: bigint): void {
  const target = client.session.resolveKv(key);
  const value = integer64(client.session.get(target) ?? '0') + by;
  if (value < INTEGER_MIN || value > INTEGER_MAX) throw refusal('increment or decrement would overflow');
  store(client, target, value.toString());
  client.out.integerText(value.toString());
}

/** `SCAN cursor [MATCH pattern] [COUNT n]`: a page of the keys, in their order. */
function scan(client: Client, args: readonly Bytes[]): void {
  const { session, server, out } = client;
  const { matches, count } = scanOptions(args);
  let key = server.cursors.place(argument(args, 1));
  const keys: Bytes[] = [];
  let left = count;
  for (; left > 0; left--) {
    key = session.order(session.resolveKv(key), 1);
    client.showed();
    if (key === '') break;
    if (matches(key) && session.data(session.resolveKv(key)) % 10 === 1) keys.push(key);
  }
  out.array(2);
  out.bulk(key === '' ? '0' : server.cursors.keep(key));
  out.array(keys.length);
  for (const found of keys) out.bulk(found);
}

function scanOptions(args: readonly Bytes[]): { matches: (key: Bytes) => boolean; count: number } {
  let matches = (_key: Bytes): boolean => true;
  let count = 10;
  for (let at = 2; at < args.length; at += 2) {
    const option = argument(args, at).toUpperCase();
    const value = args[at + 1];
    if (value === undefined) throw syntaxError();
    if (option === 'MATCH') matches = glob(value);
    else if (option === 'COUNT') count = integerArgument(value, 'COUNT', 1, SCAN_COUNT_MAX);
    else
      throw option === 'TYPE'
        ? refusal('The option TYPE of SCAN is not supported: all values are strings.')
        : syntaxError(`syntax error near '${shown(option)}'`);
  }
  return { matches, count };
}

function dbsize(client: Client): void {
  const count = client.session.countKv();
  client.showed();
  client.out.integer(count);
}

export const stringCommands: readonly Command[] = [
  { name: 'GET', arity: 2, redis: true, run: get },
  { name: 'SET', arity: -3, redis: true, writes: true, run: set },
  { name: 'MGET', arity: -2, redis: true, run: mget },
  { name: 'MSET', arity: -3, redis: true, writes: true, run: mset },
  { name: 'DEL', arity: -2, redis: true, writes: true, run: del },
  { name: 'EXISTS', arity: -2, redis: true, run: exists },
  { name: 'STRLEN', arity: 2, redis: true, run: strlen },
  { name: 'APPEND', arity: 3, redis: true, writes: true, run: append },
  { name: 'INCR', arity: 2, redis: true, writes: true, run: (c, args) => addTo(c, argument(args, 1), 1n) },
  { name: 'DECR', arity: 2, redis: true, writes: true, run: (c, args) => addTo(c, argument(args, 1), -1n) },
  { name: 'INCRBY', arity: 3, redis: true, writes: true, run: (c, args) => addTo(c, argument(args, 1), integer64(argument(args, 2))) },
  { name: 'DECRBY', arity: 3, redis: true, writes: true, run: (c, args) => addTo(c, argument(args, 1), -integer64(argument(args, 2))) },
  { name: 'SCAN', arity: -2, redis: true, run: scan },
  { name: 'DBSIZE', arity: 1, redis: true, run: dbsize },
];
