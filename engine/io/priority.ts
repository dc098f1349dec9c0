import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/** A third of the share of an ordinary thread when both want the same processor. */
const behind = 5;
/** A thirtieth. */
const farBehind = 15;

/**
 * Puts the calling thread behind the others of its process: whoever waits for a reply is served first. Only Linux has
 * priorities of threads; elsewhere, or where it is not allowed, nothing changes.
 * @param isIdle it takes what nobody else wants: for work that nobody waits for
 */
export function workInBackground(isIdle = false): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), isIdle ? farBehind : behind);
  } catch {
    // Without it everything works as well, only less evenly.
  }
}
