import { setTimeout as delay } from 'node:timers/promises';

/** Longest wait for anything in these tests: generous, since it only decides when a test that fails gives up. */
export const WAIT_MS = 60_000;
const PAUSE_MS = { least: 25, most: 200 };

/**
 * Looks again and again until `look` says yes (anything but false and undefined) and returns that. For states of other
 * processes that tell nobody when they change. What was seen last goes into the error.
 */
export async function until<T>(
  wanted: string,
  look: () => Promise<T | false | undefined>,
  seen: () => unknown = () => '',
  timeoutMs = WAIT_MS,
): Promise<T> {
  const began = Date.now();
  const end = began + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s in vain for: ${wanted}. Seen last: ${JSON.stringify(seen())}`);
    // What has taken long is looked for less often: looking costs those that are looked at, too.
    await delay(Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.least, (Date.now() - began) / 20)));
  }
}
