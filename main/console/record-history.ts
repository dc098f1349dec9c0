import type { Hosts, World } from '../hosts/index.ts';

interface History {
  add(
    instance: string,
    at: number,
    metrics: NonNullable<NonNullable<World['hosts'][number]['instances'][number]['snapshot']>['metrics']>,
  ): void;
}

/** Keeps each new second of figures that a live instance reports. */
export function recordHistory(hosts: Hosts, history: History): void {
  const seen = new Map<string, number>();
  hosts.onChange(() => {
    for (const { id, connection, snapshot } of hosts.world().hosts.flatMap((host) => host.instances)) {
      const metrics = snapshot?.metrics;
      if (!metrics || connection.state !== 'live' || connection.asOf === null || seen.get(id) === metrics.at) continue;
      seen.set(id, metrics.at);
      // The console's own clock: a chart of several members needs one time.
      history.add(id, connection.asOf, metrics);
    }
  });
}
