import type { Clock } from '../../engine/io/clock.ts';
import { AlertWatch } from '../alerts/index.ts';
import type { Action, Alert, JobView, Severity } from '../contract/index.ts';
import { recordFigures, RoleWatch, type PrimaryChange } from '../history/index.ts';
import type { Hosts, World } from '../hosts/index.ts';
import type { Store } from '../store/index.ts';

/** A change of primary this soon after a job on its mirror was that job's doing. */
const JOBS_DOING_MS = 3000;

const JOB_SEVERITY: Record<JobView['state'], Severity> = {
  running: 'unknown',
  done: 'good',
  failed: 'bad',
  cancelled: 'unknown',
  interrupted: 'attention',
};

interface WatchersOptions {
  readonly hosts: Hosts;
  readonly store: Store;
  readonly clock: Clock;
  /** The alerts have changed. */
  changed(): void;
}

/** What looks on for the person who does not: figures and roles over time, alerts, and those who want to be told of them. */
export class Watchers {
  readonly #options: WatchersOptions;
  readonly #alerts: AlertWatch;
  readonly #listeners = new Set<(alert: Alert) => void>();
  /** Mirrors that a job works on, or worked on until then. */
  readonly #worked = new Map<string, number>();

  constructor(options: WatchersOptions) {
    this.#options = options;
    const { hosts, store, clock, changed } = options;
    this.#alerts = new AlertWatch({
      store: store.alerts,
      clock,
      world: () => hosts.world(),
      changed,
      raised: (alert) => {
        for (const listener of this.#listeners) listener(alert);
      },
    });
    recordFigures(hosts, store.history);
    const roles = new RoleWatch(store.events, (change) => this.#primaryChanged(change));
    hosts.onChange(() => {
      this.#alerts.worldChanged();
      roles.look(hosts.world());
    });
  }

  get active(): Alert[] {
    return this.#alerts.active;
  }

  onAlert(listener: (alert: Alert) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  acknowledge(ids: readonly number[], who: string): Alert[] {
    return this.#alerts.acknowledge(ids, who);
  }

  /** A job has begun or ended. */
  job(job: JobView): void {
    const { hosts, store, clock } = this.#options;
    const mirrors = mirrorsOfAction(job.action, hosts.world());
    for (const mirror of mirrors) this.#worked.set(mirror, job.endedAt === null ? Number.POSITIVE_INFINITY : clock.wallMs());
    if (job.endedAt === null) return;
    const event = { kind: 'job', severity: JOB_SEVERITY[job.state], subject: job.subject, explain: false, job: job.id } as const;
    for (const mirror of mirrors) store.events.add({ ...event, at: job.startedAt, mirror, text: `${job.title}: ${job.state}.` });
    if (job.state !== 'failed' && job.state !== 'interrupted') return;
    this.#alerts.tell({
      key: `jobFailed::${job.id}`,
      rule: 'jobFailed',
      mirror: mirrors[0] ?? null,
      subject: job.subject,
      severity: 'attention',
      text: `“${job.title}” ${job.state === 'failed' ? 'failed' : 'was interrupted'}: ${job.error?.what ?? 'no reason is known.'}`,
      todo: job.error?.todo ?? 'Its report says what was done and what was not.',
      explain: false,
      job: job.id,
    });
  }

  close(): void {
    this.#alerts.close();
    this.#listeners.clear();
  }

  #primaryChanged({ mirror, primary, before, at }: PrimaryChange): void {
    if (at - (this.#worked.get(mirror) ?? 0) < JOBS_DOING_MS) return;
    this.#alerts.tell({
      key: `primaryChanged:${mirror}:${at}`,
      rule: 'primaryChanged',
      mirror,
      subject: primary,
      severity: 'attention',
      text: `${primary} has become primary of ${mirror}${before === null ? '' : `, in place of ${before}`}.`,
      todo: before === null ? 'See why in the explanation.' : `Find out why ${before} went away, and see that it comes back as backup.`,
      explain: true,
      job: null,
    });
  }
}

function mirrorsOfAction(action: Action, world: World): string[] {
  const named = 'mirror' in action && action.mirror !== undefined ? [action.mirror] : [];
  const instances = world.hosts.flatMap((host) => host.instances.filter((i) => concerns(action, i.id, host.known.demo)));
  return [...new Set([...named, ...instances.flatMap((i) => i.status.mirrors.map((m) => m.mirror))])];
}

function concerns(action: Action, instance: string, demo: boolean): boolean {
  if ('instance' in action) return action.instance === instance;
  return demo && (action.action === 'createDemoMirror' || action.action === 'removeDemoMirror');
}
