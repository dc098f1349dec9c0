import type { AppInfo, Connection, ConsoleClient, JobView, Overview, Settings, Theme } from '../../main/contract/index.ts';

/** What every page shares: the connection to main and the topics that the frame itself shows. Lives as long as the page. */
export class ConsoleState {
  readonly client: ConsoleClient;
  connection: Connection = $state.raw({ state: 'connecting', since: Date.now() });
  overview: Overview | null = $state.raw(null);
  /** When the newest overview arrived, ms since the epoch. */
  overviewAt: number | null = $state.raw(null);
  jobs: JobView[] = $state.raw([]);
  settings: Settings | null = $state.raw(null);
  info: AppInfo | null = $state.raw(null);
  /** ms since the epoch, once a second: what ages on the page is counted from here. */
  now: number = $state.raw(Date.now());

  constructor(client: ConsoleClient) {
    this.client = client;
    client.onConnection((connection) => this.#connected(connection));
    client.subscribe('overview', {}, (overview) => {
      this.overview = overview;
      this.overviewAt = Date.now();
    });
    client.subscribe('jobs', {}, (jobs) => (this.jobs = jobs));
    client.subscribe('settings', {}, (settings) => (this.settings = settings));
    setInterval(() => (this.now = Date.now()), 1000);
  }

  get runningJobs(): number {
    return this.jobs.filter((j) => j.state === 'running').length;
  }

  setTheme(theme: Theme): void {
    void this.#change(this.client.call('settings.theme', { theme }));
  }

  #connected(connection: Connection): void {
    this.connection = connection;
    if (connection.state === 'open' && this.info === null)
      void this.#change(this.client.call('app.info', {}).then((info) => (this.info = info)));
  }

  /** A small change that failed because the connection went away is shown by the connection banner already. */
  async #change(call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (error) {
      console.error(error);
    }
  }

  setMirror(mirror: string, change: Partial<Settings['mirrors'][string]>): void {
    void this.#change(this.client.call('settings.mirror', { mirror, ...change }));
  }
}
