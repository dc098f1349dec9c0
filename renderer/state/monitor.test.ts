import { describe, expect, it, vi } from 'vitest';
import { GemelError } from '../../engine/api/errors.ts';
import { scenario } from '../fixtures/scenarios.ts';
import { livePoint } from './series.ts';
import { MonitorState } from './monitor.svelte.ts';
import { settle, TestClient } from './testing.ts';

const at = 1_000_000;
const shown = scenario('normal', at, 1).monitor;
const later = scenario('normal', at + 1000, 2).monitor;
const first = shown?.members[0];

describe('the monitor of a mirror', () => {
  it('joins what was recorded with what arrives live', async () => {
    const metrics = first?.snapshot?.metrics;
    if (!first || !metrics) throw new Error('the fixture has figures');
    const stored = livePoint({ ...metrics, at: at - 5000 });
    const client = new TestClient({ history: (p: { instance: string }) => (p.instance === first.instance ? [stored] : []) });
    const state = new MonitorState(client, 'DEMO');
    expect(state.monitor).toBeUndefined();
    client.push('mirror', shown);
    client.push('mirror', later);
    await settle();
    expect(state.series.get(first.instance)?.map((p) => p.at)).toEqual([at - 5000, at, at + 1000]);
    expect(client.called.filter((c) => c.name === 'history')).toHaveLength(2);
    state.close();
    expect(client.open).toBe(0);
  });

  it('begins its charts now when nothing recorded can be had', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const client = new TestClient({
      history: () => {
        throw new GemelError('IO', 'The store cannot be read.');
      },
    });
    const state = new MonitorState(client, 'DEMO');
    client.push('mirror', shown);
    await settle();
    expect(state.series.get(first?.instance ?? '')).toHaveLength(1);
    expect(said).toHaveBeenCalledTimes(2);
    said.mockRestore();
  });

  it('tells a mirror that is not known from one not heard of yet', () => {
    const client = new TestClient({});
    const state = new MonitorState(client, 'NOPE');
    client.push('mirror', null);
    expect(state.monitor).toBeNull();
  });
});
