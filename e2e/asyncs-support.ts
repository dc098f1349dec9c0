import path from 'node:path';
import { RespClient } from '../engine/cli/resp-client.ts';
import { VERSION } from '../engine/api/version.ts';
import { instancePaths } from '../engine/instance/host.ts';
import { realFiles } from '../engine/io/files.ts';
import { realNet } from '../engine/io/net.ts';
import { onTestFinished } from 'vitest';
import { comparePositions } from '../engine/journal/index.ts';
import { readRecords, type Membership, type MirrorRecord } from '../engine/mirror/membership.ts';
import { Channel, decodeControl, kinds } from '../engine/mirror/wire.ts';
import { errorCode } from '../engine/io/error-code.ts';
import type { MemberView } from '../engine/api/status.ts';
import { GemelError } from '../engine/api/errors.ts';
import { TestMember, type Pair } from './support/pair.ts';
import { until } from './support/until.ts';

export type AsyncType = 'dr' | 'reporting-ro' | 'reporting-rw';

export interface AsyncOptions {
  /** Failover member that it joins through. Default: the first one. */
  readonly through?: TestMember;
  /** Default true: its host's agent runs. */
  readonly agent?: boolean;
  /** Mirrored databases made on it. Default DB. */
  readonly databases?: readonly string[];
}

/** An instance on a host of its own that is in no mirror yet. It ends with the pair. */
export async function newInstance({ root }: Pick<Pair, 'root'>, name: string, { agent = true } = {}): Promise<TestMember> {
  const member = new TestMember(path.join(root, name.toLowerCase()), name);
  if (agent) await member.startAgent();
  await member.create();
  await member.start();
  return member;
}

/** Lets an instance join the pair's mirror as an async; resolves with what it was told. */
export async function joinAs(pair: Pair, member: TestMember, as: AsyncType, through: TestMember = pair.a): Promise<string> {
  const { message } = await member.call('mirror.join', {
    mirror: pair.mirror,
    as,
    member: member.name,
    agent: through.agentAddress,
    via: through.name,
  });
  return message;
}

/** A new async member of the pair's mirror, which has caught up. */
export async function asyncOf(pair: Pair, name: string, as: AsyncType, options: AsyncOptions = {}): Promise<TestMember> {
  const member = await newInstance(pair, name, options);
  await joinAs(pair, member, as, options.through);
  await member.sees({ [name]: 'Connected' });
  for (const database of options.databases ?? ['DB']) await member.call('db.create', { name: database, mirrored: true });
  await inStep(member, pair.a, pair.b);
  return member;
}

/**
 * Waits until an async member is connected, has all journal that the primary had at the call, and has dejournaled it. What the member
 * says of itself may be older than what was acknowledged last.
 * @param failover among them the primary
 */
export async function inStep(member: TestMember, ...failover: [TestMember, ...TestMember[]]): Promise<MemberView> {
  const wanted = await until('one of them is primary', async () => {
    const own = await Promise.all(failover.map((each) => view(each, each.name).catch(() => undefined)));
    return own.find((seen) => seen?.status === 'Primary')?.position ?? false;
  });
  let seen: MemberView | undefined;
  return until(
    `${member.name} is in step`,
    async () => {
      seen = await view(member, member.name).catch(() => undefined);
      const { position } = seen ?? {};
      if (position === undefined || position === null || comparePositions(position, wanted) < 0) return false;
      return seen?.status === 'Connected' && seen.journalTransfer === 'Caught up' && seen.dejournaling === 'Caught up' ? seen : false;
    },
    () => ({ wanted, seen }),
  );
}

/** How a member sees another one. Throws when it does not know it. */
export async function view(by: TestMember, name: string): Promise<MemberView> {
  const found = (await by.status())?.members.find((each) => each.name === name);
  if (found === undefined) throw new Error(`${by.name} knows no member ${name}`);
  return found;
}

/** How often a condition stands in a member's messages.log. */
export function times(member: TestMember, code: string): number {
  return member.messages().split(`[${code}]`).length - 1;
}

/** What a call is refused with; the call must not succeed. */
export async function refusalOf(call: Promise<unknown>): Promise<GemelError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof GemelError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** A made-up member on a host of its own, as its agent would announce it; no such instance runs. */
export function madeUp(name: string, type: 'Failover' | 'Disaster Recovery' | 'Read-Only Reporting', host = '127.0.0.1') {
  return {
    guid: `made-up-${name}`,
    name,
    instance: name,
    type,
    superserverAddress: `${host}:1`,
    privateAddress: `${host}:1`,
    agentAddress: `${host}:2`,
  };
}

/** Sets a node of any database. */
export async function setIn(member: TestMember, database: string, name: string, value: string): Promise<void> {
  await once(member, 'GSET', `^|"${database}"|${name}`, value);
}

/** What a node of any database is; null: it is not there. */
export function getIn(member: TestMember, database: string, name: string): Promise<unknown> {
  return once(member, 'GGET', `^|"${database}"|${name}`);
}

async function once(member: TestMember, ...words: string[]): Promise<unknown> {
  const client = await RespClient.connect('127.0.0.1', member.port);
  try {
    return await client.command(...words);
  } finally {
    client.close();
  }
}

/** Lets a process go on that stands still, unless its agent has forced it down by now. */
export function goOn(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

/** A member's durable record. */
export function recordOf(member: TestMember): MirrorRecord {
  const [record] = readRecords(realFiles, instancePaths(member.directory).mgr);
  if (record === undefined) throw new Error(`${member.name} is in no mirror`);
  return record;
}

/** The mirror as a member's durable record has it. */
export function membershipOf(member: TestMember): Membership {
  return recordOf(member).membership;
}

export interface Spoken {
  readonly channel: Channel;
  /** The next control message of that type from the other side; those before it are dropped. Rejects when the connection ends. */
  next(type: string): Promise<unknown>;
}

/** A connection that begins as an async member's does that has no journal yet. It ends with the test. */
export async function followAs(primary: TestMember, guid: string): Promise<Spoken> {
  const channel = new Channel(await realNet.connect('127.0.0.1', primary.port, 5000), true, () => performance.now());
  onTestFinished(() => channel.close('the test ends'));
  const heard: { t: string }[] = [];
  let news = Promise.withResolvers<boolean>();
  channel.onFrame = (kind, payload) => {
    if (kind === kinds.control) heard.push(decodeControl(payload) as { t: string });
    news.resolve(true);
  };
  channel.onClose = () => news.resolve(false);
  const reach = { lineage: [], end: { position: { file: 0, offset: 0 }, chain: '0'.repeat(32) } };
  channel.control({ t: 'follow', mirror: membershipOf(primary).guid, version: VERSION, member: guid, reach });
  const next = async (type: string): Promise<unknown> => {
    for (;;) {
      const at = heard.findIndex(({ t }) => t === type);
      if (at >= 0) return heard.splice(0, at + 1).at(-1);
      if (channel.closed) throw new Error(`the connection ended before ${type} came`);
      await news.promise;
      news = Promise.withResolvers();
    }
  };
  return { channel, next };
}

/** A frame whose content need not make sense. */
export function rawFrame(kind: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(1 + payload.length, 0);
  head.writeUInt8(kind, 4);
  return Buffer.concat([head, payload]);
}
