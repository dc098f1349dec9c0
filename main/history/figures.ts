import type { MemberLag, Metrics, MirrorStatus } from '../../engine/api/status.ts';
import type { Hosts, InstanceFacts } from '../hosts/index.ts';
import { statusOfSelf } from '../view/index.ts';

interface History {
  add(instance: string, at: number, metrics: Metrics): void;
  addLags(mirror: string, at: number, lags: readonly MemberLag[]): void;
}

/** Keeps each new second of figures that a live instance reports, and how far the others are behind where it is primary. */
export function recordFigures(hosts: Hosts, history: History): void {
  const seen = new Map<string, number>();
  hosts.onChange(() => {
    for (const instance of hosts.world().hosts.flatMap((host) => host.instances)) {
      const { id, connection, snapshot } = instance;
      const metrics = snapshot?.metrics;
      if (!metrics || connection.state !== 'live' || connection.asOf === null || seen.get(id) === metrics.at) continue;
      seen.set(id, metrics.at);
      // The console's own clock: a chart of several members needs one time.
      history.add(id, connection.asOf, metrics);
      const led = mirrorLedBy(instance);
      if (led !== null) history.addLags(led.mirror, connection.asOf, snapshot.lag.map(knownLag));
    }
  });
}

function mirrorLedBy(instance: InstanceFacts): MirrorStatus | null {
  const picture = instance.snapshot?.mirror ?? null;
  return statusOfSelf(picture) === 'Primary' ? picture : null;
}

/** Where a stage is not known, nothing is known of how far it is behind. */
function knownLag(lag: MemberLag): MemberLag {
  const unknown = { position: null, behindBytes: null, behindMs: null };
  return {
    ...lag,
    received: lag.received.position === null ? unknown : lag.received,
    dejournaled: lag.dejournaled.position === null ? unknown : lag.dejournaled,
  };
}
