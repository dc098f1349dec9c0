import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';

/** Updates sent together. */
const BATCH = 100;
/** Longest search for a member that takes updates. */
const SEARCH_MS = 60_000;

/** An update as a client library sends it. */
export interface Update {
  readonly reference: string;
  readonly value: string;
}

/** Opens a client that never tries again by itself: what was acknowledged must be known exactly. */
export async function connectRedis(port: number, namespace: string): Promise<Redis> {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  // Each command that is lost says so itself.
  redis.on('error', () => undefined);
  await redis.connect();
  await redis.call('NAMESPACE', namespace);
  return redis;
}

/**
 * Sends updates through whichever of the members takes them, one batch after the other, and tells of each that was
 * acknowledged. A batch that was not answered whole goes on with the first update that was not.
 */
export async function loadFollowing(
  ports: readonly number[],
  namespace: string,
  updates: readonly Update[],
  acknowledged: (update: Update) => void,
): Promise<{ readonly moves: number }> {
  let at = 0;
  let moves = 0;
  let searchEnd = Date.now() + SEARCH_MS;
  for (let member = 0; at < updates.length; member = (member + 1) % ports.length) {
    const before = at;
    try {
      const redis = await connectRedis(ports[member] ?? 0, namespace);
      try {
        for (let goesOn = true; goesOn && at < updates.length;) {
          const batch = updates.slice(at, at + BATCH);
          const taken = await sendBatch(redis, batch, acknowledged);
          at += taken;
          goesOn = taken === batch.length;
        }
      } finally {
        redis.disconnect();
      }
    } catch (error) {
      // Not this member, or not now.
      if (!(error instanceof Error)) throw error;
    }
    if (at >= updates.length) break;
    if (at > before) {
      moves += 1;
      searchEnd = Date.now() + SEARCH_MS;
    }
    if (Date.now() > searchEnd) throw new Error(`no member has taken an update for ${SEARCH_MS / 1000} s`);
    await delay(20);
  }
  return { moves };
}

/** @returns how many of them, from the first on, were acknowledged */
async function sendBatch(redis: Redis, updates: readonly Update[], acknowledged: (update: Update) => void): Promise<number> {
  const answers = await Promise.allSettled(updates.map(({ reference, value }) => redis.call('GSET', reference, value)));
  const refused = answers.findIndex((answer) => answer.status === 'rejected' || answer.value !== 'OK');
  const taken = refused < 0 ? updates.length : refused;
  for (const update of updates.slice(0, taken)) acknowledged(update);
  return taken;
}
