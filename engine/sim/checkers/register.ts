/**
 * The exact check of one register: could everything that clients saw have happened one at a time, each operation at some
 * moment between its call and its answer? Since no two writes carry the same value, a read says which write it saw, and the
 * question is answered in one pass (Gibbons and Korach, "Testing shared memories"): a value's *zone* reaches from the first
 * answer to the last call of the operations on it. Turned forward, the register certainly held the value throughout; turned
 * backward, it held it at one moment at least somewhere within. No two forward zones may overlap, and no backward zone may
 * lie inside a forward one.
 */

/** One operation on the register. Moments are numbers that are given out once, in order. */
export interface RegisterOperation {
  readonly kind: 'write' | 'read';
  /** What was written or seen; null: nothing there yet. Unique among the writes. */
  readonly value: string | null;
  readonly calledAt: number;
  /** null: never answered; a write may then have happened at any later time, or not at all. */
  readonly answeredAt: number | null;
  /** The answer was a refusal: it must never be seen. */
  readonly refused?: boolean;
}

interface Zone {
  readonly value: string | null;
  writeCalledAt: number;
  seen: boolean;
  firstAnswer: number;
  lastCall: number;
}

/** What is wrong with the history; null: it is linearizable. `initial`: what the register held before it. */
export function checkRegister(operations: readonly RegisterOperation[], initial: string | null = null): string | null {
  const zones = new Map<string | null, Zone>();
  zones.set(initial, { value: initial, writeCalledAt: -Infinity, seen: true, firstAnswer: -Infinity, lastCall: -Infinity });
  const refused = new Set<string | null>();
  for (const op of operations) {
    if (op.kind !== 'write') continue;
    if (op.refused === true) refused.add(op.value);
    else if (zones.has(op.value)) return `${show(op.value)} was written twice`;
    else zones.set(op.value, zoneOf(op));
  }
  for (const op of operations) {
    if (op.kind !== 'read' || op.answeredAt === null) continue;
    const zone = zones.get(op.value);
    if (zone === undefined)
      return `${show(op.value)} was read at ${op.answeredAt}, ${refused.has(op.value) ? 'though its write had been refused' : 'which nobody wrote'}`;
    if (op.answeredAt < zone.writeCalledAt)
      return `${show(op.value)} was read at ${op.answeredAt}, before it was written at ${zone.writeCalledAt}`;
    zone.seen = true;
    zone.firstAnswer = Math.min(zone.firstAnswer, op.answeredAt);
    zone.lastCall = Math.max(zone.lastCall, op.calledAt);
  }
  // A write without an answer that nobody saw need not have happened.
  return conflict([...zones.values()].filter((zone) => zone.seen));
}

function zoneOf(write: RegisterOperation): Zone {
  return {
    value: write.value,
    writeCalledAt: write.calledAt,
    seen: write.answeredAt !== null,
    firstAnswer: write.answeredAt ?? Infinity,
    lastCall: write.calledAt,
  };
}

function conflict(zones: readonly Zone[]): string | null {
  const forward = zones.filter((z) => z.firstAnswer < z.lastCall).sort((a, b) => a.firstAnswer - b.firstAnswer);
  let before: Zone | undefined;
  for (const zone of forward) {
    if (before !== undefined && zone.firstAnswer < before.lastCall)
      return `${show(before.value)} still held at ${before.lastCall} though ${show(zone.value)} was there since ${zone.firstAnswer} and after`;
    before = zone;
  }
  for (const zone of zones) {
    if (zone.firstAnswer < zone.lastCall) continue;
    const around = lastBefore(forward, zone.lastCall);
    if (around !== undefined && zone.firstAnswer < around.lastCall)
      return `${show(zone.value)} must have been there between ${zone.lastCall} and ${zone.firstAnswer}, while ${show(around.value)} held from ${around.firstAnswer} to ${around.lastCall}`;
  }
  return null;
}

/** The last forward zone that begins before the moment; the zones do not overlap. */
function lastBefore(forward: readonly Zone[], moment: number): Zone | undefined {
  let [low, high] = [0, forward.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((forward[middle]?.firstAnswer ?? Infinity) < moment) low = middle + 1;
    else high = middle;
  }
  return forward[low - 1];
}

function show(value: string | null): string {
  return value === null ? 'the empty register' : JSON.stringify(value);
}
