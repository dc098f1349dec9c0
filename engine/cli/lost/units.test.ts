import { expect, it } from 'vitest';
import type { LostUpdate } from '../../api/lost.ts';
import { LostUnits } from './units.ts';

const update = (n: number, of: Partial<LostUpdate>): LostUpdate => ({
  n,
  id: `U${n}`,
  time: '2026-11-21T00:00:00.000Z',
  transaction: null,
  outcome: 'single',
  process: 1,
  database: 'DB',
  reference: '^x(1)',
  old: null,
  new: 'a',
  ...of,
});

it('a transaction comes to what it makes of each node in the end, from what that was first; in the order of the ends', () => {
  const units = new LostUnits('M', null);
  const inside = { id: 'T1.0.5', transaction: 5, outcome: 'committed' as const };
  units.add(update(1, { ...inside, old: 'before', new: 'between' }));
  units.add(update(2, { reference: '^y', new: { base64: '/w==' } }));
  units.add(update(3, { ...inside, old: 'between', new: null }));
  units.add(update(4, { id: 'T1.0.6', transaction: 6, outcome: 'rolled back' }));
  expect(units.all().map(({ id, nodes }) => [id, [...nodes]])).toEqual([
    ['U2', [['^[":mirror:M:DB"]y', { from: null, to: '\xff' }]]],
    ['T1.0.5', [['^[":mirror:M:DB"]x(1)', { from: 'before', to: null }]]],
  ]);
});

it('only what is chosen, and says what there is not', () => {
  const units = new LostUnits('M', ['U2', 'U3']);
  for (const n of [1, 2]) units.add(update(n, {}));
  expect(units.all().map(({ id }) => id)).toEqual(['U2']);
  expect(units.missing()).toEqual(['U3']);
});
