import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, loadFollowing, type Update } from './support/follower.ts';
import { makePair, type Pair } from './support/pair.ts';
import { realFile } from './support/real-file.ts';

const ENTRIES_MAX = 40_000;
const LOADERS = 4;
const file = realFile(ENTRIES_MAX);
let pair: Pair;

beforeAll(async () => {
  if (file !== undefined) pair = await makePair({ databases: ['PACKAGES'] });
});
afterAll(() => pair?.stop());

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** Reads nodes back through a member, and compares them. */
async function expectAll(port: number, updates: readonly Update[]): Promise<void> {
  const redis = await connectRedis(port, 'PACKAGES');
  try {
    for (let at = 0; at < updates.length; at += 500) {
      const part = updates.slice(at, at + 500);
      const found = await Promise.all(part.map(({ reference }) => redis.call('GGET', reference)));
      expect(found).toEqual(part.map(({ value }) => value));
    }
  } finally {
    redis.disconnect();
  }
}

describe.skipIf(file === undefined)(`a real file (${file?.path ?? 'none of those known is on this machine'})`, () => {
  it('is loaded through ioredis while the primary is killed; nothing acknowledged is lost, and both members end byte-equal', async () => {
    const updates = (file?.entries ?? []).map(({ name, field, text }): Update => ({
      reference: `^pkg(${quoted(name)},${quoted(field)})`,
      value: text,
    }));
    expect(updates.length).toBeGreaterThan(1000);
    const acknowledged: Update[] = [];
    const killAt = Math.floor(updates.length / 3);
    let killed: Promise<void> | undefined;
    const atLoss = { acknowledged: 0 };
    const take = (update: Update): void => {
      acknowledged.push(update);
      if (acknowledged.length < killAt) return;
      killed ??= pair.a.kill().then(() => {
        atLoss.acknowledged = acknowledged.length;
      });
    };
    const ports = [pair.a.port, pair.b.port];
    const parts = Array.from({ length: LOADERS }, (_, n) => updates.filter((_update, i) => i % LOADERS === n));
    const moves = await Promise.all(parts.map((part) => loadFollowing(ports, 'PACKAGES', part, take)));
    await killed;
    // The kill came in the middle: each loader went on with the other member.
    for (const each of moves) expect(each.moves).toBeGreaterThan(0);
    expect(atLoss.acknowledged).toBeLessThan(updates.length);
    expect(acknowledged).toHaveLength(updates.length);
    await pair.b.sees({ B: 'Primary' });
    await expectAll(pair.b.port, acknowledged);

    await pair.a.start();
    await pair.ready(pair.b);
    const [onA, onB] = await Promise.all([pair.a, pair.b].map((member) => member.call('db.verify', { name: 'PACKAGES' })));
    expect(onA).toMatchObject({ sound: true, problems: [], nodes: updates.length });
    expect(onB).toMatchObject({ sound: true, problems: [], nodes: updates.length, digest: onA?.digest });
    await expectAll(pair.a.port, acknowledged.slice(-500));
  });
});
