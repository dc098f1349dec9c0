import { expect, it } from 'vitest';
import type { LostPage } from '../../engine/api/lost.ts';
import { LostState, lostText, SHOWN } from './lost.svelte.ts';
import { settle, TestClient } from './testing.ts';

const all = 250;
const perPage = 150;

function page(from: number): LostPage {
  const size = Math.min(perPage, all - from);
  return {
    report: {
      report: 'R',
      mirror: 'M',
      time: '2026-01-01T00:00:00.000Z',
      fork: { file: 1, offset: 0 },
      end: { file: 1, offset: 9 },
      primaryEnd: { file: 1, offset: 0 },
      rewound: true,
      updates: all,
      committed: 0,
      rolledBack: 0,
      open: 0,
      single: all,
      incomplete: null,
      path: '/r',
      sideFiles: [],
    },
    updates: Array.from({ length: size }, (_, i) => ({
      n: from + i + 1,
      id: `U${from + i + 1}`,
      time: '2026-01-01T00:00:00.000Z',
      transaction: null,
      outcome: 'single',
      process: 1,
      database: 'DB',
      reference: '^x',
      old: null,
      new: '1',
      state: 'unchanged',
    })),
    next: from + size < all ? from + size : null,
  };
}

async function open(): Promise<LostState> {
  const client = new TestClient({ 'lost.page': ({ from = 0 }: { from?: number }) => page(from) });
  const state = new LostState(client, { mirror: 'M', instance: 'h/A', report: 'R' });
  await settle();
  return state;
}

const shown = (state: LostState): [number | undefined, number | undefined] => [state.updates[0]?.n, state.updates.at(-1)?.n];

it('shows a screen at a time, forth and back over pages', async () => {
  const state = await open();
  const seen = [shown(state)];
  while (state.hasNext) {
    await state.next();
    seen.push(shown(state));
  }
  expect(seen).toEqual([
    [1, SHOWN],
    [SHOWN + 1, perPage],
    [perPage + 1, all],
  ]);
  const back = [];
  while (state.hasPrevious) {
    await state.previous();
    back.push(shown(state));
  }
  expect(back).toEqual(seen.slice(0, -1).reverse());
});

it('exports the whole report as lines, the report first', async () => {
  const state = await open();
  const lines = (await (await state.export())?.text())?.trimEnd().split('\n') ?? [];
  expect(lines).toHaveLength(all + 1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ report: 'R' });
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ n: all });
  expect(state.exported).toBeNull();
});

it('shows what is no text as what it is', () => {
  expect(lostText('a\u0001b')).toBe('a·b');
  expect(lostText({ base64: '/w==' })).toContain('/w==');
});
