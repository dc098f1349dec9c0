import { setTimeout as delay } from 'node:timers/promises';

/** Longest wait for anything in these tests: generous, since it only decides when a test that fails gives up. */
export const WAIT_MS = 60_000;

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
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s in vain for: ${wanted}. Seen last: ${JSON.stringify(seen())}`);
    await delay(25);
  }
}
