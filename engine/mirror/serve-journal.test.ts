import { afterEach, beforeEach, expect, it } from 'vitest';
import { Workplace } from '../journal/test-support.ts';
import { serveJournal } from './serve-journal.ts';
import { ManualClock, pipe } from './testing/pipe.ts';
import { Channel, decodeControl, kinds } from './wire.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

it('says that files are gone which somebody asks for, and goes on for others', async () => {
  const journal = place.journal('j');
  const writer = await place.writer(journal);
  const database = writer.bind({ name: 'DB', guid: '00000000-0000-4000-8000-00000000000d' });
  for (let n = 0; n < 3; n++) {
    writer.set(database, `k${n}`, 'value', undefined, 0, 1);
    await writer.settled();
    await writer.switch('test');
  }
  journal.files.forget(2);
  const clock = new ManualClock();
  const ask = (file: number): { errors: unknown[]; blocks: number } => {
    const heard = { errors: [] as unknown[], blocks: 0 };
    const { a, b, flow } = pipe();
    const asker = new Channel(a, true, () => clock.monotonicMs());
    const server = new Channel(b, false, () => clock.monotonicMs());
    asker.onFrame = (kind, payload) => {
      if (kind === kinds.block) heard.blocks += 1;
      const message = kind === kinds.control ? (decodeControl(payload) as { t: string; code?: string }) : { t: '' };
      if (message.t === 'error') heard.errors.push(message.code);
    };
    serveJournal(server, journal);
    asker.control({ t: 'fetch-from', from: { file, offset: 4096 } });
    flow();
    return heard;
  };
  expect(ask(1)).toEqual({ errors: ['NOT_FOUND'], blocks: 0 });
  expect(ask(3)).toMatchObject({ errors: [] });
  expect(ask(3).blocks).toBeGreaterThan(0);
});
