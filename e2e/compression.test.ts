import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CompressionType, type CompressionMode } from '../engine/api/compression.ts';
import type { MirrorStatus } from '../engine/api/status.ts';
import type { Connection, Listener } from '../engine/io/net.ts';
import { realNet } from '../engine/io/net.ts';
import { Channel, decodeControl, kinds, positionFrame } from '../engine/mirror/wire.ts';
import { asyncOf, inStep, membershipOf, rawFrame, refusalOf, times, view } from './asyncs-support.ts';
import { Acknowledged, sameDatabases, set } from './support/acknowledged.ts';
import type { Pair, TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

/** Journal that travels compressed: between real members, changed under load, and damaged on its way. */

type Rate = NonNullable<MirrorStatus['incomingRate']>;

/** The rate of a stretch in which journal came in, that the member shows from now on. */
async function incoming(member: TestMember): Promise<Rate> {
  // What is shown first may reach back to before the change that the test made.
  const first = (await member.status())?.incomingRate;
  let seen: MirrorStatus['incomingRate'] | undefined;
  return until(
    `${member.name} shows the rate of its journal`,
    async () => {
      const rate = (await member.status())?.incomingRate;
      const isNew = JSON.stringify(rate) !== JSON.stringify(first) && JSON.stringify(rate) !== JSON.stringify(seen ?? rate);
      seen = rate;
      return isNew && rate !== null && rate !== undefined && rate.journalKBs > 5 ? rate : false;
    },
    () => seen,
  );
}

function compress(pair: Pair, failover: CompressionMode, async: CompressionMode): Promise<{ message: string }> {
  return pair.a.call('mirror.edit', { compressionFailover: failover, compressionAsync: async });
}

describe.each(CompressionType.options)('%s', (type) => {
  it('chosen under load, it is used at once to the backup and to asyncs; a failover loses nothing', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    await compress(pair, 'none', 'none');
    const c = await asyncOf(pair, 'C', 'dr');
    await ready();
    const written = await Acknowledged.by(a, 500);
    for (const member of [b, c]) expect((await incoming(member)).ratio).toBeLessThanOrEqual(1);

    const { message } = await compress(pair, type, type);
    expect(message).toContain(`Journal goes to the backup compressed by ${type}, to asyncs compressed by ${type}.`);
    await ready();
    await a.sees({ C: 'Connected' });
    await written.more(500);
    for (const member of [b, c]) {
      const { networkKBs, journalKBs, ratio } = await incoming(member);
      expect(ratio).toBeGreaterThan(1.5);
      expect(networkKBs).toBeLessThan(journalKBs);
    }
    expect(a.messages()).toContain('the compression of the journal was changed');
    // No active period was cut off: clients do not notice.
    expect(times(a, 'PRIMARY_IN_TROUBLE')).toBe(0);
    for (const member of [a, b, c]) expect(membershipOf(member).compression).toEqual({ failover: type, async: type });

    await a.kill();
    await written.cut();
    await c.sees({ B: 'Primary', C: 'Connected' });
    await written.start(b);
    await written.more(300);
    // The new primary has the setting too.
    expect((await incoming(c)).ratio).toBeGreaterThan(1.5);
    await a.start();
    await ready(b);
    await written.stop();
    await sameDatabases(pair, c);
    for (const member of [b, c]) await written.verify(member);
    for (const member of [a, b, c]) expect(times(member, 'PEER_MALFORMED')).toBe(0);
  });

  it('a member that was away catches up with values larger than are compressed at once', async () => {
    const pair = await pairOfTest();
    const c = await asyncOf(pair, 'C', 'reporting-ro');
    await compress(pair, type, type);
    await pair.ready();
    await c.kill();
    await pair.b.kill();
    await pair.a.sees({ B: 'Down' });
    for (let n = 0; n < 12; n += 1) expect(await set(pair.a, `large(${n})`, `${n} `.repeat(150_000))).toBe('OK');
    await pair.b.start();
    await c.start();
    await pair.ready();
    await inStep(c, pair.a);
    await sameDatabases(pair, c);
  });
});

describe('what the system selects', () => {
  it('is zstd for asyncs and nothing for the backup; whoever is promoted gets what is set for the backup', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const written = await Acknowledged.by(a, 500);
    expect((await incoming(b)).ratio).toBeLessThanOrEqual(1);
    expect((await incoming(c)).ratio).toBeGreaterThan(1.5);
    await c.call('mirror.promote', {});
    await a.sees({ A: 'Primary', B: 'Connected', C: 'Backup' });
    await until('the new backup is active', async () => (await view(a, 'C')).journalTransfer === 'Active');
    await written.more(500);
    expect((await incoming(c)).ratio).toBeLessThanOrEqual(1);
    expect((await incoming(b)).ratio).toBeGreaterThan(1.5);
    await written.stop();
    await sameDatabases(pair, c);
  });
});

describe('a change of compression', () => {
  it('of asyncs alone leaves the backup active, of the backup alone the asyncs connected; the same again restarts nothing', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    await a.call('mirror.edit', { compressionAsync: 'lz4' });
    await until('C is connected anew', () => Promise.resolve(times(c, 'ASYNC_FOLLOWS') === 2));
    await ready();
    const changed = 'the compression of the journal was changed';
    expect(b.messages()).not.toContain(changed);
    await a.call('mirror.edit', { compressionFailover: 'zlib' });
    await ready();
    await set(a, 'x', '1');
    await sameDatabases(pair, c);
    expect(times(c, 'ASYNC_FOLLOWS')).toBe(2);
    expect(times(a, 'PRIMARY_IN_TROUBLE')).toBe(0);
    const before = a.messages().split(changed).length;
    await a.call('mirror.edit', { compressionFailover: 'zlib', compressionAsync: 'lz4' });
    await ready();
    expect(a.messages().split(changed).length).toBe(before);
    expect(membershipOf(b).compression).toEqual({ failover: 'zlib', async: 'lz4' });
  });

  it('is refused on the backup and on an async, and nothing is changed', async () => {
    const pair = await pairOfTest();
    const c = await asyncOf(pair, 'C', 'dr');
    for (const member of [pair.b, c])
      expect((await refusalOf(member.call('mirror.edit', { compressionAsync: 'none' }))).code).toBe('REFUSED');
    expect(membershipOf(pair.a).compression).toEqual({ failover: 'system', async: 'system' });
  });
});

describe('journal that was damaged on its way', () => {
  it('ends the connection with a line that says so; the async keeps what it has and follows the real primary', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    await set(a, 'x', '1');
    await inStep(c, a);
    const { port } = a;
    await Promise.all([a.kill(), b.kill()]);
    const speaker = await FalsePrimary.listen(port, membershipOf(c));
    const head = positionFrame(kinds.durable, { file: 1, offset: 1 }).subarray(5);
    for (const [n, damaged] of [
      Buffer.from([1, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]),
      Buffer.from([9, 100, 0, 0, 0, 1, 2, 3]),
      Buffer.from([2, 0, 1, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0xff]),
    ].entries()) {
      await speaker.sends(rawFrame(kinds.compressed, Buffer.concat([head, damaged])));
      await until('it is said', () => Promise.resolve(times(c, 'PEER_MALFORMED') === n + 1));
    }
    await speaker.close();
    await Promise.all([a.start(), b.start()]);
    await inStep(c, a, b);
    await sameDatabases(pair, c);
    expect(c.messages()).not.toContain('TAIL_DROPPED');
  });
});

/** Says that it is the primary of a mirror, and that it has the journal that it is asked with. */
class FalsePrimary {
  readonly #listener: Listener;
  readonly #open = new Set<Connection>();
  #next = Promise.withResolvers<Channel>();

  private constructor(listener: Listener) {
    this.#listener = listener;
  }

  static async listen(port: number, membership: ReturnType<typeof membershipOf>): Promise<FalsePrimary> {
    const made: { speaker: FalsePrimary | null } = { speaker: null };
    const listener = await realNet.listen('127.0.0.1', port, (connection) => made.speaker?.accept(connection, membership));
    made.speaker = new FalsePrimary(listener);
    onTestFinished(() => made.speaker?.close());
    return made.speaker;
  }

  accept(connection: Connection, membership: ReturnType<typeof membershipOf>): void {
    const channel = new Channel(connection, false, () => performance.now());
    this.#open.add(connection);
    channel.onClose = () => this.#open.delete(connection);
    channel.onFrame = (kind, payload) => {
      if (kind !== kinds.control) return;
      const message = decodeControl(payload) as { t: string; reach: { lineage: { epoch: unknown }[] } };
      if (message.t === 'follow')
        channel.control({
          t: 'follow-answer',
          primary: membership.members[0]?.guid,
          epoch: message.reach.lineage.at(-1)?.epoch,
          reach: message.reach,
          membership,
        });
      if (message.t === 'ready') this.#next.resolve(channel);
    };
  }

  /** To the next member that is ready to receive. */
  async sends(frame: Buffer): Promise<void> {
    const channel = await this.#next.promise;
    this.#next = Promise.withResolvers();
    channel.send(frame);
  }

  async close(): Promise<void> {
    const closed = this.#listener.close();
    for (const connection of this.#open) connection.close();
    await closed;
  }
}

describe('a member that has no lz4', () => {
  /** Starts an instance on whose system the package cannot be loaded. */
  async function startWithout(member: TestMember): Promise<void> {
    const { NODE_OPTIONS: before = '' } = process.env;
    process.env['NODE_OPTIONS'] = `${before} --import ${path.join(import.meta.dirname, 'support', 'no-lz4.ts')}`;
    try {
      await member.start();
    } finally {
      process.env['NODE_OPTIONS'] = before;
    }
  }

  it('has a change to it refused while it is connected, as backup or async; one that was away gets journal uncompressed', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    for (const member of [b, c]) await member.stop();
    for (const member of [b, c]) await startWithout(member);
    await ready();
    await inStep(c, pair.a);
    const { condition } = await refusalOf(compress(pair, 'lz4', 'none'));
    expect(condition).toMatchObject({ code: 'COMPRESSION_REFUSED', facts: { members: 'B', type: 'lz4' } });
    expect((await refusalOf(compress(pair, 'none', 'lz4'))).condition?.facts).toMatchObject({ members: 'C' });
    for (const member of [b, c]) await member.stop();
    await compress(pair, 'lz4', 'lz4');
    for (const member of [b, c]) await startWithout(member);
    await ready();
    const written = await Acknowledged.by(a, 300);
    await written.stop();
    await inStep(c, a);
    for (const name of ['B', 'C']) expect(a.messages()).toMatch(new RegExp(`\\[COMPRESSION_NOT_TAKEN\\].*member=${name}`));
    for (const member of [b, c]) {
      expect(times(member, 'COMPRESSION_NOT_TAKEN')).toBe(1);
      expect(times(member, 'PEER_MALFORMED')).toBe(0);
    }
    await sameDatabases(pair, c);
  });
});
