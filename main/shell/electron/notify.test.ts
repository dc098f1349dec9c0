import { EventEmitter } from 'node:events';
import type { BrowserWindow } from 'electron';
import { beforeEach, expect, it, vi } from 'vitest';
import type { Alert } from '../../contract/index.ts';
import { notifyAlerts } from './notify.ts';

/** A stand-in for the desktop's notifications: it keeps what it is asked to show. */
const seen = vi.hoisted(() => ({ shown: [] as { options: unknown; click(): void }[], supported: true }));

vi.mock('electron', async () => {
  const { EventEmitter: Emitter } = await import('node:events');
  class Notification extends Emitter {
    static isSupported = (): boolean => seen.supported;
    readonly #options: unknown;
    constructor(options: unknown) {
      super();
      this.#options = options;
    }
    show(): void {
      seen.shown.push({ options: this.#options, click: () => this.emit('click') });
    }
  }
  return { Notification, protocol: {} };
});

const alert: Alert = {
  id: 1,
  rule: 'noPrimary',
  mirror: 'M',
  subject: 'M',
  severity: 'bad',
  text: 'M has no primary.',
  todo: 'Look at its members.',
  since: 0,
  until: null,
  acknowledged: null,
  explain: false,
  job: null,
};

beforeEach(() => Object.assign(seen, { shown: [], supported: true }));

function connect(): { tell(alert: Alert): void; done: string[]; end(): void } {
  const alerts = new EventEmitter();
  const done: string[] = [];
  const window = {
    isMinimized: () => true,
    restore: () => done.push('restore'),
    focus: () => done.push('focus'),
    loadURL: (url: string) => Promise.resolve(void done.push(url)),
  } as unknown as BrowserWindow;
  const onAlert = (listener: (alert: Alert) => void): (() => void) => {
    alerts.on('alert', listener);
    return () => alerts.off('alert', listener);
  };
  const end = notifyAlerts({ onAlert }, window);
  return { tell: (each) => alerts.emit('alert', each), done, end };
}

it('shows each new alert, and leads to the alerts when it is clicked', () => {
  const { tell, done, end } = connect();
  tell(alert);
  expect(seen.shown.map((n) => n.options)).toEqual([
    { title: 'M: act now', body: 'M has no primary.\nLook at its members.', urgency: 'critical' },
  ]);
  seen.shown[0]?.click();
  expect(done).toEqual(['restore', 'focus', 'gemel://console/#/alerts']);
  end();
  tell(alert);
  expect(seen.shown).toHaveLength(1);
});

it('shows nothing on a desktop without notifications', () => {
  seen.supported = false;
  connect().tell(alert);
  expect(seen.shown).toEqual([]);
});
