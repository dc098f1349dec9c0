import { describe, expect, it } from 'vitest';
import type { Clock } from '../../engine/io/index.ts';
import { createClient } from '../contract/index.ts';
import type { DatabaseMatrix, Settings, ToMain, ToPage, Transport } from '../contract/index.ts';
import { PagePort } from './page.ts';
import type { CallHandlers, TopicSources } from './page.ts';

/** A clock whose timers fire when the test says so. */
class HandClock implements Clock {
  readonly #timers = new Set<() => void>();
  monotonicMs(): number {
    return 0;
  }
  wallMs(): number {
    return 0;
  }
  timer(_ms: number, fn: () => void): { cancel(): void } {
    this.#timers.add(fn);
    return { cancel: () => this.#timers.delete(fn) };
  }
  fire(): void {
    const due = [...this.#timers];
    this.#timers.clear();
    for (const fn of due) fn();
  }
}

interface Rig {
  page: PagePort;
  clock: HandClock;
  sent: ToPage[];
  settings: Settings;
  matrix: DatabaseMatrix;
  congested: boolean;
  asked: unknown[];
}

function rig(): Rig {
  const clock = new HandClock();
  const made: Omit<Rig, 'page'> = {
    clock,
    sent: [],
    settings: { theme: 'system', mirrors: {} },
    matrix: { mirror: 'M', members: [], rows: [] },
    congested: false,
    asked: [],
  };
  const never = (): never => {
    throw new Error('not in this test');
  };
  const handlers: CallHandlers = {
    'app.info': never,
    plan: never,
    run: never,
    form: never,
    'form.forget': never,
    'procedure.start': never,
    'procedure.confirm': never,
    'procedure.abandon': never,
    'job.get': never,
    'job.cancel': never,
    'lost.page': never,
    'audit.list': (params) => {
      made.asked.push(params);
      return [];
    },
    history: never,
    'history.lags': never,
    'history.events': never,
    explain: never,
    'alerts.past': never,
    'alerts.acknowledge': never,
    'settings.theme': ({ theme }) => {
      made.settings = { ...made.settings, theme };
      return {};
    },
    'settings.mirror': never,
    'database.list': never,
    'journal.list': never,
    'journal.open': never,
    'journal.read': never,
    'journal.close': never,
  };
  const settings = { kinds: ['settings'] as const, value: () => made.settings };
  const other = { kinds: ['world'] as const, value: never };
  const sources: TopicSources = {
    settings,
    overview: other,
    mirror: other,
    whatIf: other,
    members: other,
    procedures: other,
    jobs: other,
    job: other,
    audit: other,
    alerts: other,
    pastAlerts: other,
    databases: { kinds: ['databases'], value: () => made.matrix, onlyNew: true },
  };
  const page = new PagePort({
    handlers,
    sources,
    clock,
    sink: { send: (frame) => made.sent.push(frame), congested: () => made.congested },
  });
  return Object.assign(made, { page });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a page’s connection', () => {
  it('answers calls with parameters that passed their schema', async () => {
    const { page, sent, asked } = rig();
    page.receive({ kind: 'call', id: 1, name: 'audit.list', params: {} });
    page.receive({ kind: 'call', id: 2, name: 'audit.list', params: { limit: 'many' } });
    page.receive({ kind: 'call', id: 3, name: 'toString', params: {} });
    page.receive({ kind: 'call', id: 4, name: 'app.info', params: {} });
    await turn();
    expect(asked).toEqual([{ limit: 100 }]);
    const byId = new Map(sent.map((frame) => [frame.id, frame]));
    expect(byId.get(1)).toEqual({ kind: 'result', id: 1, value: [] });
    expect(byId.get(2)).toMatchObject({ kind: 'error', error: { code: 'USAGE' } });
    expect(byId.get(3)).toMatchObject({ kind: 'error', error: { code: 'USAGE' } });
    expect(byId.get(4)).toMatchObject({ kind: 'error', error: { code: 'INTERNAL' } });
  });

  it('refuses what is no frame', () => {
    const { page } = rig();
    for (const junk of [undefined, null, 'x', {}, { kind: 'call' }, { kind: 'call', id: 'x', name: 'plan' }, []]) {
      expect(() => page.receive(junk)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    }
  });

  it('sends a large value again only when it is another', () => {
    const made = rig();
    const { page, clock, sent } = made;
    page.receive({ kind: 'subscribe', id: 3, name: 'databases', params: { mirror: 'M' } });
    page.changed('databases');
    clock.fire();
    expect(sent).toHaveLength(1);
    made.matrix = { ...made.matrix };
    page.changed('databases');
    clock.fire();
    expect(sent).toHaveLength(2);
  });

  it('sends a value at once, gathers changes, and sends nothing that is not subscribed', () => {
    const { page, sent, clock } = rig();
    page.receive({ kind: 'subscribe', id: 7, name: 'settings', params: {} });
    expect(sent).toHaveLength(1);
    page.changed('world');
    clock.fire();
    expect(sent).toHaveLength(1);
    page.changed('settings');
    page.changed('settings');
    clock.fire();
    expect(sent).toHaveLength(2);
    page.receive({ kind: 'unsubscribe', id: 7 });
    page.changed('settings');
    clock.fire();
    expect(sent).toHaveLength(2);
  });

  it('gives a page that does not read only the newest value, when it reads again', () => {
    const made = rig();
    const { page, sent, clock } = made;
    page.receive({ kind: 'subscribe', id: 1, name: 'settings', params: {} });
    made.congested = true;
    for (const theme of ['dark', 'light', 'dark'] as const) {
      made.settings = { theme, mirrors: {} };
      page.changed('settings');
      clock.fire();
    }
    expect(sent).toHaveLength(1);
    made.congested = false;
    clock.fire();
    expect(sent.slice(1)).toEqual([{ kind: 'value', id: 1, value: { theme: 'dark', mirrors: {} } }]);
  });

  it('limits what one page can subscribe to', () => {
    const { page, sent } = rig();
    for (let id = 1; id <= 201; id++) page.receive({ kind: 'subscribe', id, name: 'settings', params: {} });
    expect(sent.at(-1)).toMatchObject({ kind: 'error', id: 201, error: { code: 'REFUSED' } });
  });
});

describe('the client', () => {
  /** The real client on the real page port, with a connection that the test can break. */
  function connected(): { rig: Rig; client: ReturnType<typeof createClient>; lose(): void; restore(): void } {
    let current = rig();
    let events: Parameters<Transport['start']>[0] | undefined;
    let up = false;
    const transport: Transport = {
      send: (frame: ToMain) => {
        current.page.receive(structuredClone(frame));
        deliver();
      },
      start: (given) => void (events = given),
    };
    const deliver = (): void => {
      void turn().then(() => {
        for (const frame of current.sent.splice(0)) if (up) events?.onFrame(structuredClone(frame));
      });
    };
    const client = createClient(transport, () => 42);
    const restore = (): void => {
      up = true;
      events?.onOpen();
    };
    restore();
    const lose = (): void => {
      up = false;
      current = Object.assign(rig(), { settings: current.settings });
      events?.onClose();
    };
    return { rig: current, client, lose, restore };
  }

  it('calls, and rejects with the error of the other side', async () => {
    const { client } = connected();
    await expect(client.call('audit.list', {})).resolves.toEqual([]);
    await expect(client.call('app.info', {})).rejects.toMatchObject({ name: 'GemelError', code: 'INTERNAL' });
  });

  it('says when the connection is lost, fails what is under way, and subscribes again', async () => {
    const { client, lose, restore } = connected();
    const states: string[] = [];
    client.onConnection(({ state }) => states.push(state));
    const values: string[] = [];
    const second = Promise.withResolvers<void>();
    client.subscribe('settings', {}, ({ theme }) => {
      values.push(theme);
      if (values.length === 2) second.resolve();
    });
    await client.call('settings.theme', { theme: 'dark' });
    const pending = client.call('audit.list', {});
    lose();
    await expect(pending).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(client.call('audit.list', {})).rejects.toMatchObject({ code: 'UNREACHABLE' });
    restore();
    await second.promise;
    expect(states).toEqual(['open', 'lost', 'open']);
  });
});
