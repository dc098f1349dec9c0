import { beforeEach, expect, it } from 'vitest';
import { PeerLink } from './peer-link.ts';
import { parsePeerControl } from './peer-protocol.ts';
import type { Sender } from './sender.ts';
import { ManualClock, pipe, type Side } from './testing/pipe.ts';
import { Channel } from './wire.ts';

const QOS = 1000;
let clock: ManualClock;
let ends: { a: Side; b: Side; flow(): void };
let lost: string[];

beforeEach(() => {
  clock = new ManualClock();
  ends = pipe();
  lost = [];
});

function link(side: Side, dialled: boolean, whose: string): PeerLink {
  const channel = new Channel(side, dialled, () => clock.monotonicMs());
  const made = new PeerLink({
    channel,
    member: 'other',
    clock,
    qosMs: () => QOS,
    facts: () => ({ arbiter: true, canTakeOver: whose === 'b', dejournaled: null, received: { file: 1, offset: 7 } }),
    lost: (why) => lost.push(`${whose}: ${why}`),
  });
  channel.onFrame = (_kind, payload) => {
    const message = parsePeerControl(payload);
    if (message.t === 'beat') made.received(message);
  };
  return made;
}

function go(ms: number, flows = true): void {
  for (let n = 0; n < ms; n += 25) {
    clock.advance(25);
    if (flows) ends.flow();
  }
}

it('heartbeats keep it; each side knows what the other said, and what the other has echoed', () => {
  clock.advance(500);
  const [a, b] = [link(ends.a, true, 'a'), link(ends.b, false, 'b')];
  expect(a.echoedAt).toBe(Number.NEGATIVE_INFINITY);
  go(5 * QOS);
  expect(lost).toEqual([]);
  expect(a.seen).toMatchObject({ canTakeOver: true, received: { file: 1, offset: 7 } });
  expect(b.seen).toMatchObject({ canTakeOver: false });
  expect(clock.monotonicMs() - a.echoedAt).toBeLessThanOrEqual(QOS / 2);
});

it('what was echoed does not grow while nothing arrives: the read lease runs out', () => {
  const a = link(ends.a, true, 'a');
  link(ends.b, false, 'b');
  go(2 * QOS);
  const before = a.echoedAt;
  go(QOS / 2, false);
  expect(a.echoedAt).toBe(before);
});

it('silence is a loss between half of Q and Q, told once', () => {
  const a = link(ends.a, true, 'a');
  link(ends.b, false, 'b');
  go(QOS);
  go(QOS / 2, false);
  expect(lost).toEqual([]);
  go(QOS, false);
  expect(lost.filter((l) => l.startsWith('a: silent'))).toHaveLength(1);
  expect(a.closed).toBe(true);
});

it('journal data unacknowledged for Q is a loss even while heartbeats flow', () => {
  const a = link(ends.a, true, 'a');
  link(ends.b, false, 'b');
  go(QOS);
  const since = clock.monotonicMs();
  a.sender = { unacknowledgedSince: since, close: () => undefined } as unknown as Sender;
  go(QOS - 50);
  expect(lost).toEqual([]);
  go(300);
  expect(lost).toContainEqual(expect.stringMatching(/^a: journal data not acknowledged/));
});

it('closed here, it tells nobody here; the other side hears of it', () => {
  const a = link(ends.a, true, 'a');
  link(ends.b, false, 'b');
  a.close('enough');
  expect(lost).toEqual(['b: closed by the other side']);
});

it('knows when the newest heartbeat came in: what it has echoed was sent before', () => {
  clock.advance(500);
  const [a, b] = [link(ends.a, true, 'a'), link(ends.b, false, 'b')];
  expect(b.beatHeardAt).toBe(0);
  go(2 * QOS);
  const sentBefore = b.beatHeardAt;
  expect(a.echoedAt).toBeLessThanOrEqual(sentBefore);
  // The other goes on sending, and so keeps its own silence from being noticed; nothing of it is heard.
  ends.b.onData = () => undefined;
  go(QOS / 2);
  expect(b.beatHeardAt).toBe(sentBefore);
  expect(a.echoedAt).toBeLessThanOrEqual(sentBefore);
});

it('who waits for the other to be heard is told at its next heartbeat, once, and not after the connection is lost', () => {
  const a = link(ends.a, true, 'a');
  link(ends.b, false, 'b');
  go(QOS);
  const told: string[] = [];
  a.onceHeard(() => told.push('heard'));
  go(QOS / 2, false);
  expect(told).toEqual([]);
  go(QOS);
  expect(told).toEqual(['heard']);
  a.onceHeard(() => told.push('after the loss'));
  go(2 * QOS, false);
  expect(lost.length).toBeGreaterThan(0);
  ends.flow();
  expect(told).toEqual(['heard']);
});
