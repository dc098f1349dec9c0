import type { Bytes } from '../../globals/index.ts';
import type { Client } from '../client.ts';
import { argument, refusal, shown, syntaxError, type Command } from '../command.ts';

const NAME = /^[\x21-\x7e]*$/;

function ping(client: Client, args: readonly Bytes[]): void {
  if (args.length > 2) throw refusal("wrong number of arguments for 'ping' command");
  if (args[1] === undefined) client.out.simple('PONG');
  else client.out.bulk(args[1]);
}

function noUsers(): never {
  throw refusal(
    'AUTH was called, and no password is set: this instance lets clients in from its own computer only, without one.',
    'Connect without a user and password.',
  );
}

/** `HELLO [2|3 [AUTH user password] [SETNAME name]]` */
function hello(client: Client, args: readonly Bytes[]): void {
  const version = args[1];
  if (version !== undefined && version !== '2' && version !== '3') {
    client.out.error('NOPROTO', 'unsupported protocol version');
    return;
  }
  let name: Bytes | undefined;
  for (let at = 2; at < args.length; at++) {
    const option = argument(args, at).toUpperCase();
    if (option === 'AUTH') noUsers();
    const value = args[++at];
    if (option !== 'SETNAME' || value === undefined) throw syntaxError(`Syntax error in HELLO option '${shown(option)}'`);
    name = checkedName(value);
  }
  if (name !== undefined) client.settings.name = name;
  if (version !== undefined) client.out.protocol = version === '3' ? 3 : 2;
  describeServer(client);
}

function describeServer({ out, id, server }: Client): void {
  out.map(7);
  out.bulk('server');
  out.bulk('gemel');
  out.bulk('version');
  out.bulk(server.version);
  out.bulk('proto');
  out.integer(out.protocol);
  out.bulk('id');
  out.integer(id);
  out.bulk('mode');
  out.bulk('standalone');
  out.bulk('role');
  out.bulk(server.executor.role().role === 'primary' ? 'master' : 'replica');
  out.bulk('modules');
  out.array(0);
}

/** A database number stands for a namespace only as 0, the one a connection begins with; anything else is a name. */
function select(client: Client, args: readonly Bytes[]): void {
  const name = argument(args, 1);
  if (name === '0') client.session.setNamespace(client.firstNamespace);
  else if (/^-?\d+$/.test(name)) throw refusal('DB index is out of range: there is only 0.', 'SELECT takes the name of a namespace, too.');
  else client.session.setNamespace(name);
  client.out.ok();
}

/** `NAMESPACE [name]`: without a name answers the current one. */
function namespace(client: Client, args: readonly Bytes[]): void {
  if (args.length > 2) throw syntaxError();
  if (args[1] === undefined) {
    client.out.bulk(client.session.namespace);
    return;
  }
  client.session.setNamespace(args[1]);
  client.out.ok();
}

function quit(client: Client): void {
  client.out.ok();
  client.closeAfterReplies();
}

function reset(client: Client): void {
  client.reset();
  client.out.simple('RESET');
}

function checkedName(name: Bytes): Bytes {
  if (!NAME.test(name)) throw refusal('Names cannot contain spaces, newlines or special characters.');
  return name;
}

/** `CLIENT subcommand ...` with the arguments after the subcommand. */
const subcommands = new Map<string, { values: number; run: (client: Client, values: readonly Bytes[]) => void }>([
  ['SETNAME', { values: 1, run: (client, [name = '']) => done(client, () => (client.settings.name = checkedName(name))) }],
  ['GETNAME', { values: 0, run: (client) => client.out.bulk(client.settings.name === '' ? undefined : client.settings.name) }],
  ['SETINFO', { values: 2, run: setInfo }],
  ['ID', { values: 0, run: (client) => client.out.integer(client.id) }],
  ['INFO', { values: 0, run: (client) => client.out.verbatim(`${describe(client)}\n`) }],
  ['LIST', { values: 0, run: (client) => client.out.verbatim([...client.server.clients()].map((c) => `${describe(c)}\n`).join('')) }],
  [
    'DURABILITY',
    { values: 1, run: (client, [value = '']) => done(client, () => (client.settings.durability = oneOf(value, ['sync', 'async']))) },
  ],
  ['READS', { values: 1, run: (client, [value = '']) => done(client, () => (client.settings.reads = oneOf(value, ['durable', 'local']))) }],
  // clients are never thrown out, and keys have no time of use: both hold already
  ['NO-EVICT', { values: 1, run: (client, [value = '']) => done(client, () => oneOf(value, ['on', 'off'])) }],
  ['NO-TOUCH', { values: 1, run: (client, [value = '']) => done(client, () => oneOf(value, ['on', 'off'])) }],
]);

function clientCommand(client: Client, args: readonly Bytes[]): void {
  const name = argument(args, 1).toUpperCase();
  const subcommand = subcommands.get(name);
  if (subcommand === undefined) throw refusal(`unknown subcommand '${shown(argument(args, 1))}' of CLIENT`);
  if (args.length !== subcommand.values + 2) throw refusal(`wrong number of arguments for 'client|${name.toLowerCase()}' command`);
  subcommand.run(client, args.slice(2));
}

function done(client: Client, action: () => void): void {
  action();
  client.out.ok();
}

function oneOf<T extends string>(value: Bytes, allowed: readonly T[]): T {
  const chosen = allowed.find((a) => a === value.toLowerCase());
  if (chosen === undefined) throw refusal(`The value must be ${allowed.join(' or ')}.`);
  return chosen;
}

function setInfo(client: Client, [attribute = '', value = '']: readonly Bytes[]): void {
  const field = attribute.toLowerCase();
  if (field === 'lib-name') client.settings.libraryName = checkedName(value);
  else if (field === 'lib-ver') client.settings.libraryVersion = checkedName(value);
  else throw refusal(`Unrecognized option '${shown(attribute)}'`);
  client.out.ok();
}

function describe(client: Client): string {
  const { settings, session, server } = client;
  const fields = {
    id: client.id,
    addr: client.remoteAddress,
    laddr: client.localAddress,
    name: settings.name,
    age: Math.floor((server.clock.monotonicMs() - client.connectedMs) / 1000),
    namespace: session.namespace,
    tlevel: session.level,
    multi: client.multi.open ? client.multi.queue.length : -1,
    watch: client.multi.watchCount,
    durability: settings.durability,
    reads: settings.reads,
    'lib-name': settings.libraryName,
    'lib-ver': settings.libraryVersion,
    resp: client.out.protocol,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

export const connectionCommands: readonly Command[] = [
  { name: 'PING', arity: -1, run: ping },
  { name: 'ECHO', arity: 2, run: (client, args) => client.out.bulk(argument(args, 1)) },
  { name: 'HELLO', arity: -1, inMulti: 'refuse', run: hello },
  { name: 'AUTH', arity: -2, inMulti: 'refuse', run: noUsers },
  { name: 'SELECT', arity: 2, run: select },
  { name: 'NAMESPACE', arity: -1, run: namespace },
  { name: 'CLIENT', arity: -2, run: clientCommand },
  { name: 'QUIT', arity: 1, inMulti: 'now', run: quit },
  { name: 'RESET', arity: 1, inMulti: 'now', run: reset },
];
