import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseReply, type AgentReply } from './agent-protocol.ts';
import { parsePeerControl, type PeerControl } from './peer-protocol.ts';
import { pipe } from './testing/pipe.ts';
import { Channel, controlFrame, decodeControl, Malformed } from './wire.ts';

const epoch = { major: 1, minor: 3, member: 'a' };
const position = { file: 2, offset: 4096 };
const reach = {
  lineage: [{ epoch, first: { file: 1, offset: 0 }, previousEnd: { file: 0, offset: 0 }, previousChain: '0'.repeat(32) }],
  end: { position, chain: 'ab'.repeat(16) },
};
const messages: (PeerControl | AgentReply)[] = [
  { t: 'peer', message: { m: 'take-over', epoch, end: position } },
  { t: 'peer', message: { m: 'beat', arbiter: true, canTakeOver: false } },
  { t: 'beat', at: 5.25, echo: 3, arbiter: true, canTakeOver: true, dejournaled: { position, timeMs: null }, received: position },
  { t: 'ready', from: position },
  { t: 'proof', token: 'one of a kind' },
  { t: 'reach', reach },
];

/** The payload of a control frame, as a connection hands it on. */
function payload(message: unknown): Buffer {
  return controlFrame(message).subarray(5);
}

function parse(message: unknown): unknown {
  const { t } = message as { t: string };
  return t === 'reach' ? parseReply(payload(message)) : parsePeerControl(payload(message));
}

it.each(messages.map((message) => [message.t, message] as const))('%s arrives as it was sent', (_t, message) => {
  expect(parse(message)).toEqual(message);
});

/** Every way to replace one value of a message, at any depth, by something else. */
function spoilt(value: unknown, by: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [by];
  return Object.entries(value).flatMap(([key, inner]) =>
    spoilt(inner, by).map((other) =>
      Array.isArray(value) ? value.map((each, n) => (String(n) === key ? other : each)) : { ...value, [key]: other },
    ),
  );
}

it.each(messages.map((message) => [message.t, message] as const))('%s with any one value of another kind is malformed', (_t, message) => {
  for (const by of [Symbol.iterator.toString(), -1, Number.NaN, [], { a: 1 }, undefined]) {
    for (const wrong of spoilt(message, by)) {
      const sent = JSON.stringify(decodeControl(payload(wrong)));
      const parsed = ((): unknown => {
        try {
          return parse(wrong);
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed);
          return null;
        }
      })();
      // Where the other value is a good one too (a text for a text), it arrives as it was sent.
      if (parsed !== null) expect(JSON.stringify(parsed)).toBe(sent);
    }
  }
});

it('bytes of any kind are a message or malformed, never a fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const take of [parsePeerControl, parseReply]) {
        try {
          take(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed);
        }
      }
    }),
    { numRuns: 500 },
  );
});

it('a connection over which something malformed came is lost, and says why; a fault of ours is not taken for it', () => {
  const { a, b, flow } = pipe();
  const sender = new Channel(a, true, () => 0);
  const receiver = new Channel(b, false, () => 0);
  const seen: string[] = [];
  receiver.onMalformed = (why) => seen.push(`malformed: ${why}`);
  receiver.onClose = (why) => seen.push(`closed: ${why}`);
  receiver.onFrame = (_kind, bytes) => void parsePeerControl(bytes);
  sender.control({ t: 'peer', message: { m: 'take-over' } });
  flow();
  expect(seen).toEqual([expect.stringMatching(/^malformed: .*message\.epoch/), expect.stringMatching(/^closed: .*message\.epoch/)]);

  const other = pipe();
  const faulty = new Channel(other.b, false, () => 0);
  faulty.onFrame = () => {
    throw new TypeError('ours');
  };
  new Channel(other.a, true, () => 0).control({});
  expect(() => other.flow()).toThrow('ours');
});
