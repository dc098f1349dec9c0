import type { Bytes } from '../../globals/index.ts';
import type { Client } from '../client.ts';
import { argument, refusal, shown, type Command } from '../command.ts';
import { glob } from '../glob.ts';

/** Redis' words for the two roles; the protocol knows no others. */
const ROLE_PRIMARY = 'master';
const ROLE_OTHER = 'slave';

/** As Redis: the primary with the members that follow it, any other member with the one it follows. */
function role({ out, server }: Client): void {
  const { role: own, peers } = server.executor.role();
  if (own === 'primary') {
    out.array(3);
    out.bulk(ROLE_PRIMARY);
    // what is durable is where the furthest member is
    out.integer(Math.max(0, ...peers.map((p) => p.position)));
    out.array(peers.length);
    for (const peer of peers) {
      out.array(3);
      out.bulk(peer.host);
      out.bulk(String(peer.port));
      out.bulk(String(peer.position));
    }
    return;
  }
  const [followed] = peers;
  out.array(5);
  out.bulk(ROLE_OTHER);
  out.bulk(followed?.host ?? '');
  out.integer(followed?.port ?? 0);
  out.bulk(followed === undefined ? 'connect' : 'connected');
  out.integer(followed?.position ?? -1);
}

type Section = readonly [title: string, fields: (client: Client) => Record<string, string | number>];

const sections: readonly Section[] = [
  [
    'Server',
    ({ server }) => ({
      gemel_version: server.version,
      redis_mode: 'standalone',
      process_id: process.pid,
      uptime_in_seconds: Math.floor((server.clock.monotonicMs() - server.startedMs) / 1000),
    }),
  ],
  [
    'Clients',
    ({ server }) => ({
      connected_clients: [...server.clients()].length,
      maxclients: server.limits.connections,
      lock_waits: server.locks.waitingCount,
    }),
  ],
  ['Persistence', () => ({ loading: 0 })],
  [
    'Stats',
    ({ server: { metrics } }) => ({
      total_connections_received: metrics.connectionsAccepted,
      rejected_connections: metrics.connectionsRefused,
      total_commands_processed: metrics.commands,
      total_error_replies: metrics.errors,
      total_net_input_bytes: metrics.bytesIn,
      total_net_output_bytes: metrics.bytesOut,
    }),
  ],
  ['Replication', replication],
];

function replication({ server }: Client): Record<string, string | number> {
  const { role: own, mirror, peers } = server.executor.role();
  const [followed] = peers;
  const common = { mirror: mirror ?? '', mirror_role: own };
  if (own === 'primary') return { role: ROLE_PRIMARY, ...common, connected_slaves: peers.length };
  return {
    role: ROLE_OTHER,
    ...common,
    master_host: followed?.host ?? '',
    master_port: followed?.port ?? 0,
    master_link_status: followed === undefined ? 'down' : 'up',
  };
}

/** `INFO [section ...]` */
function info(client: Client, args: readonly Bytes[]): void {
  const wanted = new Set(args.slice(1).map((name) => name.toLowerCase()));
  const all = wanted.size === 0 || ['all', 'default', 'everything'].some((name) => wanted.has(name));
  const text = sections
    .filter(([title]) => all || wanted.has(title.toLowerCase()))
    .map(
      ([title, fields]) =>
        `# ${title}\r\n${Object.entries(fields(client))
          .map(([name, value]) => `${name}:${value}\r\n`)
          .join('')}`,
    )
    .join('\r\n');
  client.out.verbatim(text);
}

/** `CONFIG GET pattern ...`: the few parameters that have a meaning here. */
function config(client: Client, args: readonly Bytes[]): void {
  const subcommand = argument(args, 1).toUpperCase();
  if (subcommand !== 'GET') throw refusal(`CONFIG ${shown(subcommand)} is not supported.`, 'Settings are changed with the gemel command.');
  if (args.length < 3) throw refusal("wrong number of arguments for 'config|get' command");
  const { limits } = client.server;
  const values = { databases: 1, maxclients: limits.connections, 'proto-max-bulk-len': limits.value };
  const patterns = args.slice(2).map((pattern) => glob(pattern.toLowerCase()));
  const found = Object.entries(values).filter(([name]) => patterns.some((matches) => matches(name)));
  client.out.map(found.length);
  for (const [name, value] of found) {
    client.out.bulk(name);
    client.out.bulk(String(value));
  }
}

/** `COMMAND [COUNT|DOCS|LIST]`: their number and names; descriptions in Redis' form are not offered. */
function command(names: readonly string[]): Command['run'] {
  return ({ out }, args) => {
    const subcommand = args[1]?.toUpperCase();
    if (subcommand === undefined || subcommand === 'INFO') out.array(0);
    else if (subcommand === 'COUNT') out.integer(names.length);
    else if (subcommand === 'DOCS') out.map(0);
    else if (subcommand === 'LIST') {
      out.array(names.length);
      for (const name of names) out.bulk(name.toLowerCase());
    } else throw refusal(`unknown subcommand '${shown(args[1] ?? '')}' of COMMAND`);
  };
}

/** @param others the commands beside these */
export function serverCommands(others: readonly Command[]): readonly Command[] {
  const own: Command[] = [
    { name: 'ROLE', arity: 1, run: role },
    { name: 'INFO', arity: -1, run: info },
    { name: 'CONFIG', arity: -2, run: config },
  ];
  const names = [...others, ...own].map((c) => c.name).concat('COMMAND');
  return [...own, { name: 'COMMAND', arity: -1, run: command(names) }];
}
