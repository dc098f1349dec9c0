import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../io/assert.ts';
import { realClock } from '../../io/index.ts';
import { HungNote } from './note.ts';
import type { ToWatchdog, WatchdogData } from './messages.ts';
import { hostMs, limits, PulseFile, type MemberSign } from './pulse.ts';

/**
 * Looks at the executor's thread from beside it. It shares nothing with it but a number, so it goes on when that thread
 * does not; only a stop of the whole process stops both, and then the pulse grows old.
 */
assert(parentPort !== null, 'the watchdog is a thread');
const port = parentPort;
const { run, pid, identity, turned, ...given } = workerData as WatchdogData;
let qosMs = given.qosMs;
let member: MemberSign | null = null;
const pulse = new PulseFile(run, 'go on');
const note = new HungNote(run);
let hungSinceMs: number | null = null;
let timer: { cancel(): void } | undefined;

function write(watched = true): void {
  const turnedMs = Number(Atomics.load(turned, 0)) / 1000;
  pulse.write({ pid, identity, atMs: hostMs(), everyMs: limits(qosMs).everyMs, turnedMs, qosMs, hungSinceMs, member, watched });
}

function look(): void {
  // In this order: what happens between the two looks can only make the stamp look newer.
  const now = hostMs();
  const turnedMs = Number(Atomics.load(turned, 0)) / 1000;
  const hung = now - turnedMs > limits(qosMs).hungMs;
  if (hung && hungSinceMs === null) {
    hungSinceMs = turnedMs;
    // The pulse first: it is what the agent looks at, and the note's sync may have to wait for the same disk.
    write();
    note.began({ pid, stalledMs: now - turnedMs });
  } else if (!hung && hungSinceMs !== null) {
    note.ended({ pid, stalledMs: turnedMs - hungSinceMs });
    hungSinceMs = null;
  }
  write();
}

function watch(): void {
  timer?.cancel();
  look();
  timer = realClock.timer(limits(qosMs).everyMs, watch);
}

port.on('message', (message: ToWatchdog) => {
  switch (message.t) {
    case 'member':
      member = message.member;
      return look();
    case 'qos':
      qosMs = message.qosMs;
      return watch();
    case 'end':
      timer?.cancel();
      write(false);
      pulse.close();
      return port.close();
  }
});
watch();
