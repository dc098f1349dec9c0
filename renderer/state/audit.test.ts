import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../main/contract/index.ts';
import { AuditState } from './audit.svelte.ts';
import { TestClient } from './testing.ts';

const entry = (id: number): AuditEntry => ({ id, at: id, who: 'ada', what: 'x', subject: 'DEMO', outcome: 'done', detail: '' });
const range = (from: number, to: number): AuditEntry[] => Array.from({ length: from - to + 1 }, (_, i) => entry(from - i));

describe('the audit log', () => {
  it('loads older pages until the end, and keeps each entry once', async () => {
    const client = new TestClient({ 'audit.list': (p: { before: number }) => range(p.before - 1, Math.max(1, p.before - 100)) });
    const audit = new AuditState(client);
    client.push('audit', range(250, 151));
    expect(audit.mayHaveOlder).toBe(true);
    await audit.loadOlder();
    await audit.loadOlder();
    expect(audit.entries.map((e) => e.id)).toEqual(range(250, 1).map((e) => e.id));
    expect(audit.mayHaveOlder).toBe(false);
  });

  it('keeps entries that new ones push out of the newest hundred', async () => {
    const client = new TestClient({ 'audit.list': (p: { before: number }) => range(p.before - 1, Math.max(1, p.before - 100)) });
    const audit = new AuditState(client);
    client.push('audit', range(150, 51));
    await audit.loadOlder();
    client.push('audit', range(170, 71));
    expect(audit.entries.map((e) => e.id)).toEqual(range(170, 1).map((e) => e.id));
  });

  it('shows what the store finds for a filter, new entries too, and exports all of it', async () => {
    const stop = (id: number): AuditEntry => ({ ...entry(id), what: 'Stop A' });
    const client = new TestClient({
      'audit.list': ({ before = 1e9, limit, filter }: { before?: number; limit: number; filter?: string }) =>
        (filter === 'STOP a' ? range(900, 1).map((e) => stop(e.id)) : range(2000, 1)).filter((e) => e.id < before).slice(0, limit),
    });
    const audit = new AuditState(client);
    client.push('audit', range(2000, 1901));
    await audit.setFilter('STOP a');
    expect(audit.entries.map((e) => e.id)).toEqual(range(900, 801).map((e) => e.id));
    client.push('audit', [stop(2001), ...range(2000, 1902)]);
    await audit.loadOlder();
    expect(audit.entries.map((e) => e.id)).toEqual([2001, ...range(900, 701).map((e) => e.id)]);
    expect((await audit.all())?.map((e) => e.id)).toEqual(range(900, 1).map((e) => e.id));
    await audit.setFilter('');
    expect(audit.entries).toHaveLength(100);
  });

  it('has nothing older when the first page is not full', () => {
    const client = new TestClient({});
    const audit = new AuditState(client);
    client.push('audit', range(3, 1));
    expect(audit.mayHaveOlder).toBe(false);
  });
});
