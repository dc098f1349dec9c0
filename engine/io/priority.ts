import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/** What share of an ordinary thread's time one gets when both want the same processor. */
const niceness = { third: 5, tenth: 10, thirtieth: 15 };

/**
 * Puts the calling thread behind the others of its process: whoever waits for a reply is served first. Only Linux has
 * priorities of threads; elsewhere, or where it is not allowed, nothing changes.
 */
export function workInBackground(share: keyof typeof niceness = 'third'): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), niceness[share]);
  } catch {
    // Without it everything works as well, only less evenly.
  }
}
