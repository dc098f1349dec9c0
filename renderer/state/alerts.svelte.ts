import type { Alert, ConsoleClient, Problem } from '../../main/contract/index.ts';
import { toProblem } from './problem.ts';

/** How the browser shows notifications; null where it has none, or the desktop shell shows them itself. */
export interface Notifier {
  permission(): 'default' | 'granted' | 'denied';
  request(): Promise<unknown>;
  show(title: string, body: string, tag: string): void;
}

/** An alert older than this is no news to somebody who opens the page. */
const NEWS_MS = 60_000;

/** What is the case now; lives as long as the page, and tells of what is new where a person has allowed that. */
export class AlertsState {
  readonly #client: ConsoleClient;
  readonly #notifier: Notifier | null;
  readonly #title: (alert: Alert) => string;
  /** Ids rise: what is not above has been told of. */
  #told = 0;
  active: Alert[] = $state.raw([]);
  permission: 'default' | 'granted' | 'denied' | null = $state(null);
  problem: Problem | null = $state.raw(null);
  /** Nobody has said yet that he has seen them. */
  readonly open: Alert[] = $derived(this.active.filter((alert) => alert.acknowledged === null));

  /** @param title of a notification about an alert */
  constructor(client: ConsoleClient, notifier: Notifier | null, title: (alert: Alert) => string) {
    this.#client = client;
    this.#notifier = notifier;
    this.#title = title;
    this.permission = notifier?.permission() ?? null;
    client.subscribe('alerts', {}, (alerts) => this.#take(alerts));
  }

  async allowNotifications(): Promise<void> {
    await this.#notifier?.request();
    this.permission = this.#notifier?.permission() ?? null;
  }

  async acknowledge(alerts: readonly Alert[]): Promise<void> {
    const ids = alerts.filter((alert) => alert.acknowledged === null).map((alert) => alert.id);
    if (ids.length === 0) return;
    try {
      await this.#client.call('alerts.acknowledge', { alerts: ids.slice(0, 500) });
      this.problem = null;
    } catch (error) {
      this.problem = toProblem(error);
    }
  }

  #take(alerts: Alert[]): void {
    this.active = alerts;
    const news = alerts.filter((alert) => alert.id > this.#told);
    for (const alert of news) {
      this.#told = Math.max(this.#told, alert.id);
      if (alert.acknowledged !== null || Date.now() - alert.since > NEWS_MS || this.#notifier?.permission() !== 'granted') continue;
      this.#notifier.show(this.#title(alert), `${alert.text} ${alert.todo}`, `gemel-${alert.id}`);
    }
  }
}

/** The browser's own way, where it has one. */
export function browserNotifier(): Notifier | null {
  if (!('Notification' in globalThis)) return null;
  return {
    permission: () => Notification.permission,
    request: () => Notification.requestPermission(),
    show: (title, body, tag) => {
      const shown = new Notification(title, { body, tag });
      shown.addEventListener('click', () => {
        window.focus();
        location.hash = '#/alerts';
      });
    },
  };
}
