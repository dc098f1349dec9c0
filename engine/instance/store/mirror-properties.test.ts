import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MEGABYTE, plainProperties, type SharedProperties } from '../../api/database-properties.ts';
import { createDatabase, Database, setFileProperties, sharedOf } from '../../database/index.ts';
import { realIo } from '../../io/index.ts';
import { synchronised } from '../../mirror/index.ts';
import { OpenDatabase } from '../executor/index.ts';
import { MirrorProperties } from './mirror-properties.ts';

let root: string;
let made = 0;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'gemel-properties-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A member with one copy, whose file nothing feeds. */
function member(isAsync: boolean) {
  const directory = path.join(root, `db${made++}`);
  const mirror = { name: 'M', database: 'DB', guid: 'm', failoverDB: true };
  createDatabase(directory, { guid: 'g', name: 'DB', createdMs: 0, mirror });
  const nodes = Database.open(directory);
  const database = new OpenDatabase({ name: 'DB', directory, guid: 'g', mirror, nodes, turns: realIo.turns });
  const state = { theirs: plainProperties as SharedProperties | undefined, fails: false, writes: 0 };
  const log: string[] = [];
  const properties = new MirrorProperties({
    databases: () => [database],
    theirs: () => state.theirs,
    feedOf: () => ({
      setProperties: (each, change) => {
        state.writes += 1;
        return Promise.resolve().then(() => setFileProperties(state.fails ? `${each.directory}/none` : each.directory, change));
      },
    }),
    isBusy: () => false,
    isMounted: () => true,
    log: (_, text) => void log.push(text),
  });
  const stand = async (isFollowing: boolean): Promise<void> => {
    properties.lookAgain({ isFollowing, isAsync });
    await properties.settled();
  };
  return { database, properties, state, log, stand, here: () => sharedOf(database.nodes.properties), close: () => nodes.close() };
}

const some: fc.Arbitrary<SharedProperties> = fc.record({
  maxSizeBytes: fc.option(fc.integer({ min: 1, max: 5 }).map((mb) => mb * MEGABYTE)),
  expansionBytes: fc.integer({ min: 0, max: 3 }),
  resource: fc.option(fc.constantFrom('R1', 'R2')),
  collation: fc.constant('standard'),
});
const step = fc.oneof(
  fc.record({ on: fc.constant('primary' as const), to: some }),
  fc.record({ on: fc.constant('here' as const), to: some }),
  fc.constant({ on: 'connect' as const }),
  fc.constant({ on: 'part' as const }),
);

it('keeps a copy to its mirror while connected, and leaves it alone while parted; then it is as if each change had come at the connection', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 12 }), async (isAsync, steps) => {
      const one = member(isAsync);
      try {
        // The naive model: what the member knows, and what its copy has.
        let primary = plainProperties;
        let isConnected = false;
        let model = plainProperties;
        for (const each of steps) {
          if (each.on === 'connect') isConnected = true;
          else if (each.on === 'part') isConnected = false;
          else if (each.on === 'primary') primary = each.to;
          else {
            model = each.to;
            await one.properties.set(one.database, isConnected ? synchronised(each.to, primary, isAsync) : each.to, !isConnected);
          }
          if (isConnected) {
            model = synchronised(model, primary, isAsync);
            one.state.theirs = primary;
          }
          await one.stand(isConnected);
          expect(one.here()).toEqual(model);
          if (isConnected) expect(one.database.nodes.properties.extra).toEqual({});
        }
        const { writes } = one.state;
        await one.stand(isConnected);
        expect(one.state.writes).toBe(writes);
      } finally {
        one.close();
      }
    }),
    { numRuns: 40 },
  );
});

it('tries what failed again with the next change or connection, not before', async () => {
  const one = member(false);
  one.state.fails = true;
  one.state.theirs = { ...plainProperties, maxSizeBytes: 5 };
  await one.stand(true);
  await one.stand(true);
  expect([one.state.writes, one.log.length]).toEqual([1, 1]);
  expect(one.log[0]).toMatch(/^\[PROPERTIES_NOT_SYNCHRONISED\]/);
  one.state.fails = false;
  await one.stand(false);
  await one.stand(true);
  expect(one.here().maxSizeBytes).toBe(5);
  expect(one.log[1]).toMatch(/^\[PROPERTIES_SYNCHRONISED\].*maximum size/);
  // Nothing is known of what an earlier version made.
  one.state.theirs = undefined;
  await one.stand(true);
  expect([one.here().maxSizeBytes, one.state.writes]).toEqual([5, 2]);
  one.close();
});
