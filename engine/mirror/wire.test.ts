import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pipe } from './testing/pipe.ts';
import {
  Channel,
  controlFrame,
  decodeControl,
  FrameReader,
  journalFrame,
  kinds,
  MAGIC,
  positionFrame,
  readPosition,
  splitJournalFrame,
  type Kind,
} from './wire.ts';

const position = fc.record({ file: fc.nat(0xffff_ffff), offset: fc.nat(2 ** 40) });
const frame = fc.oneof(
  fc.jsonValue().map((message) => ({
    kind: kinds.control as Kind,
    bytes: controlFrame(message),
    expected: JSON.stringify(decodeControl(controlFrame(message).subarray(5))),
  })),
  position.map((p) => ({ kind: kinds.ack as Kind, bytes: positionFrame(kinds.ack, p), expected: JSON.stringify(p) })),
  fc.tuple(position, fc.uint8Array({ maxLength: 300 })).map(([p, content]) => ({
    kind: kinds.block as Kind,
    bytes: journalFrame(kinds.block, p, Buffer.from(content)),
    expected: `${JSON.stringify(p)} ${Buffer.from(content).toString('hex')}`,
  })),
);

function words(kind: Kind, payload: Buffer): string {
  if (kind === kinds.control) return JSON.stringify(decodeControl(payload));
  if (kind === kinds.ack) return JSON.stringify(readPosition(payload));
  const { durable, content } = splitJournalFrame(payload);
  return `${JSON.stringify(durable)} ${content.toString('hex')}`;
}

it('frames come out as they went in, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (frames, cuts) => {
      const reader = new FrameReader(true);
      const stream = Buffer.concat([MAGIC, ...frames.map((f) => f.bytes)]);
      const found: string[] = [];
      for (let at = 0, n = 0; at < stream.length; n += 1) {
        const size = cuts[n % cuts.length] ?? 1;
        reader.push(Buffer.from(stream.subarray(at, at + size)), (kind, payload) => found.push(words(kind, payload)));
        at += size;
      }
      expect(found).toEqual(frames.map((f) => f.expected));
    }),
  );
});

it('what is no frame, or an impossible one, ends the stream', () => {
  const take = (bytes: Buffer, magic = false) => new FrameReader(magic).push(bytes, () => undefined);
  expect(() => take(Buffer.from('GET / HTTP/1.1\r\n'), true)).toThrow('does not speak the mirror protocol');
  expect(() => take(Buffer.from('GMLM\x02', 'latin1'), true)).toThrow('of this version');
  expect(() => take(Buffer.from([0, 0, 0, 0]))).toThrow('a frame of 0 bytes');
  expect(() => take(Buffer.from([0xff, 0xff, 0xff, 0x7f]))).toThrow('impossible');
});

it('a large frame is put together from its pieces', () => {
  const content = Buffer.alloc(19 * 1024 * 1024, 'x');
  const bytes = journalFrame(kinds.block, { file: 1, offset: 2 }, content);
  const reader = new FrameReader(false);
  let seen = 0;
  for (let at = 0; at < bytes.length; at += 1024 * 1024)
    reader.push(bytes.subarray(at, at + 1024 * 1024), (_kind, payload) => (seen = splitJournalFrame(payload).content.length));
  expect(seen).toBe(content.length);
});

it('any bytes at all close the channel or are waited for; nothing is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, magic) => {
      const { a, b, flow } = pipe();
      let why: string | null = null;
      const channel = new Channel(b, false, () => 0);
      channel.onFrame = (kind, payload) => void words(kind, payload);
      channel.onClose = (reason) => (why = reason);
      if (magic) a.write(MAGIC);
      a.write(bytes);
      flow(7);
      expect(channel.closed).toBe(why !== null);
    }),
  );
});

it('a closed channel sends nothing and hands nothing on', () => {
  const { a, b, flow } = pipe();
  const [near, far] = [new Channel(a, true, () => 0), new Channel(b, false, () => 0)];
  let frames = 0;
  far.onFrame = () => {
    frames += 1;
    far.close('enough');
  };
  near.control({ n: 1 });
  near.control({ n: 2 });
  flow();
  expect(frames).toBe(1);
  expect(near.control({ n: 3 })).toBe(false);
});
