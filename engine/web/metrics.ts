import { Counter, Gauge, Registry } from 'prom-client';
import type { MonitorSnapshot } from '../api/status.ts';

/** Counts since the start of the process; one that goes down has begun anew, which is what Prometheus expects. */
export interface Counters {
  readonly updates: number;
  /** Bytes of journal blocks written here: of the mirror's journal while primary, and of the local one. */
  readonly journalBytes: number;
  readonly commands: number;
  /** Commands answered by an error. */
  readonly commandErrors: number;
  readonly connectionsAccepted: number;
  readonly connectionsRefused: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** A figure with its labels; null: not known, and then left out rather than shown as 0. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | null];

/** The type of what `metricsText` gives. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** The figures of an instance as Prometheus reads them; units stand in the names. */
export function metricsText(snapshot: MonitorSnapshot, counters: Counters): Promise<string> {
  const registry = new Registry();
  addCounters(registry, counters);
  addInstance(registry, snapshot);
  addMirror(registry, snapshot);
  return registry.metrics();
}

/** Whether this member is its mirror's primary and in no trouble. */
export function isPrimary(mirror: MonitorSnapshot['mirror']): boolean {
  return mirror?.members.some(({ name, status }) => name === mirror.thisMember && status === 'Primary') ?? false;
}

function addCounters(registry: Registry, counters: Counters): void {
  const add = (name: string, help: string, value: number): void =>
    new Counter({ name: `gemel_${name}_total`, help, registers: [registry] }).inc(value);
  add('updates', 'Updates made here', counters.updates);
  add('journal_written_bytes', 'Journal blocks written here as their author', counters.journalBytes);
  add('client_commands', 'Commands of clients', counters.commands);
  add('client_errors', 'Commands of clients answered by an error', counters.commandErrors);
  add('client_connections_accepted', 'Client connections let in', counters.connectionsAccepted);
  add('client_connections_refused', 'Client connections turned away', counters.connectionsRefused);
  add('client_received_bytes', 'Bytes received from clients', counters.bytesIn);
  add('client_sent_bytes', 'Bytes sent to clients', counters.bytesOut);
}

function addInstance(registry: Registry, { instance, metrics }: MonitorSnapshot): void {
  addGauge(registry, 'info', 'Which instance this is', [[{ instance: instance.name, version: instance.version }, 1]]);
  if (metrics === null) return;
  const { clients, memoryMB, executorStallMsMax, commitLatencyMs } = metrics;
  addGauge(registry, 'clients', 'Clients connected now', [[{}, clients]]);
  addGauge(registry, 'memory_bytes', 'Resident memory of the process', [[{}, memoryMB * 1024 * 1024]]);
  addGauge(registry, 'executor_stall_seconds_max', 'Longest stall of the executor in the last second', [[{}, executorStallMsMax / 1000]]);
  if (commitLatencyMs === null) return;
  const { p50, p99, max } = commitLatencyMs;
  const quantile = (q: string, ms: number): Sample => [{ quantile: q }, ms / 1000];
  addGauge(registry, 'commit_latency_seconds', 'From an update to its durability, over the last second', [
    quantile('0.5', p50),
    quantile('0.99', p99),
    quantile('1', max),
  ]);
}

function addMirror(registry: Registry, { mirror, lag, readiness }: MonitorSnapshot): void {
  addGauge(registry, 'mirror_primary', '1 when this member is its mirror’s primary and may be updated', [[{}, Number(isPrimary(mirror))]]);
  if (mirror === null) return;
  const status = mirror.members.map((m): Sample => [{ mirror: mirror.mirror, member: m.name, status: m.status }, 1]);
  addGauge(registry, 'mirror_member_status', '1 for the status each member has now, as this member sees it', status);
  const controlled = Number(mirror.arbiter.failoverMode === 'Arbiter Controlled');
  addGauge(registry, 'mirror_arbiter_controlled', '1 in arbiter controlled failover mode', [[{}, controlled]]);
  const checks = readiness.map(({ check, ok }): Sample => [{ check }, ok === null ? null : Number(ok)]);
  addGauge(registry, 'mirror_failover_check', 'What an automatic failover needs: 1 fulfilled, 0 not', checks);
  const stages = lag.flatMap(({ member, ...each }) =>
    Object.entries(each).map(([stage, behind]) => ({ labels: { member, stage }, ...behind })),
  );
  const bytes = stages.map(({ labels, behindBytes }): Sample => [labels, behindBytes]);
  addGauge(registry, 'mirror_lag_bytes', 'Journal that has not yet got so far on the way to a member', bytes);
  const seconds = stages.map(({ labels, behindMs }): Sample => [labels, behindMs === null ? null : behindMs / 1000]);
  addGauge(registry, 'mirror_lag_seconds', 'Age of what has not yet got so far on the way to a member', seconds);
}

/** Adds a gauge with those of its samples that are known, if there are any. */
function addGauge(registry: Registry, name: string, help: string, samples: readonly Sample[]): void {
  const known = samples.filter((sample): sample is [Sample[0], number] => sample[1] !== null);
  const [first] = known;
  if (first === undefined) return;
  const gauge = new Gauge({ name: `gemel_${name}`, help, labelNames: Object.keys(first[0]), registers: [registry] });
  for (const [labels, value] of known) gauge.set({ ...labels }, value);
}
