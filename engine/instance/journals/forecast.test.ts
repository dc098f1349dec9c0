import { describe, expect, it } from 'vitest';
import type { JournalFileView, JournalView, KeepReason } from '../../api/journals.ts';
import { forecast } from './forecast.ts';

const dayMs = 86_400_000;
const now = Date.parse('2026-11-21T12:00:00Z');
const GB = 1e9;

function file(fromDays: number, toDays: number, size: number, codes: KeepReason['code'][] = []): JournalFileView {
  const at = (days: number): string => new Date(now - days * dayMs).toISOString();
  return {
    number: 1,
    name: 'f',
    path: '/f',
    created: at(fromDays),
    firstRecord: at(fromDays),
    lastRecord: at(toDays),
    epoch: '1.0',
    size,
    inUse: codes.includes('in-use'),
    purgeable: codes.length === 0,
    kept: codes.map((code) => ({ code, text: `because of ${code}` })),
    problem: null,
  };
}

const journal = (...files: JournalFileView[]): JournalView[] => [{ mirror: null, directory: '/', files }];
const days = (at: string | null): number | null => (at === null ? null : (Date.parse(at) - now) / dayMs);

describe('the forecast', () => {
  it('takes the rate of the last day', () => {
    const found = forecast(journal(file(9, 2, 50 * GB, ['database']), file(2, 0, 4 * GB, ['in-use'])), 20 * GB, 2, now);
    expect(found).toMatchObject({ bytesPerDay: 2 * GB, overHours: 24 });
    expect(days(found.fullAt)).toBeCloseTo(10);
  });

  it('does not take what began a minute ago for a day', () => {
    const found = forecast(journal(file(1 / 1440, 0, GB / 24, ['in-use'])), 10 * GB, 2, now);
    expect(found).toMatchObject({ bytesPerDay: GB, overHours: 1 });
  });

  it('counts what will go, and says nothing of a full disk where as much goes as comes', () => {
    const files = [file(4, 3, GB), file(3, 1, 2 * GB, ['setting']), file(1, 0, GB, ['in-use', 'setting'])];
    const found = forecast(journal(...files), 5 * GB, 2, now);
    expect(found).toMatchObject({ purgeableBytes: GB, agingBytes: 2 * GB, holding: [], fullAtWithPurge: null });
    expect(days(found.fullAt)).toBeCloseTo(5);
    expect(days(forecast(journal(...files), 5 * GB, null, now).fullAtWithPurge)).toBeCloseTo(6);
  });

  it('names who holds old files back, and nobody for what is young', () => {
    const files = [file(9, 8, GB, ['async']), file(8, 1, GB, ['older']), file(1, 0, GB, ['in-use', 'failover-member'])];
    const found = forecast(journal(...files), 5 * GB, 2, now);
    expect(found.holding).toEqual(['because of async']);
    expect(days(found.fullAtWithPurge)).toBeCloseTo(6);
  });

  it('knows of no end where nothing is written', () => {
    expect(forecast(journal(), 5 * GB, 2, now)).toMatchObject({ bytesPerDay: 0, fullAt: null, fullAtWithPurge: null });
  });
});
