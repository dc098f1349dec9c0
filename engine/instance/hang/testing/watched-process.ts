import { instanceMethods, instanceTopics, type InstanceMethods } from '../../../api/contract.ts';
import { serveControl, Topic, type Handlers } from '../../../api/rpc/index.ts';
import type { InstanceJob } from '../../../api/jobs.ts';
import type { MonitorSnapshot } from '../../../api/status.ts';
import { instancePaths } from '../../directory.ts';
import { acquireLock } from '../../lock.ts';
import { Watchdog } from '../index.ts';

/**
 * A process that holds an instance's lock under a watchdog and answers its control socket. Told over its channel what to do,
 * it says when it was hung: `watched-process.ts DIRECTORY QOS`.
 */
const [directory = '', qos = ''] = process.argv.slice(2);
const paths = instancePaths(directory);
const lock = acquireLock(paths.run, 'instance');
let journalWaitsMs = 0;
const watchdog = new Watchdog({
  run: paths.run,
  qosMs: Number(qos),
  log: (severity, text) => process.send?.({ logged: `${severity} ${text}` }),
  hung: (what) => {
    // As a member does before it decides anything, this too.
    watchdog.check();
    process.send?.({ hung: what.what, stalledMs: what.stalledMs });
  },
  journalWaitsMs: () => journalWaitsMs,
});

type Told =
  | { stallMs: number }
  | { phase: 'running' | 'stopping' }
  | { journalWaitsMs: number }
  | { role: 'primary' | 'in-trouble' | 'yielded' }
  | { close: true };

process.on('message', (told: Told) => {
  if ('stallMs' in told) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, told.stallMs);
  if ('phase' in told) lock.setPhase(told.phase);
  if ('journalWaitsMs' in told) journalWaitsMs = told.journalWaitsMs;
  if ('role' in told) watchdog.tell({ boot: 'boot-1', role: told.role });
  if ('close' in told) watchdog.close();
  process.send?.({ did: told });
});

const refuse = (): never => {
  throw new Error('not here');
};
const handlers = Object.fromEntries(Object.keys(instanceMethods).map((name) => [name, refuse])) as unknown as Handlers<InstanceMethods>;
await serveControl(paths.control, {
  methods: instanceMethods,
  handlers: {
    ...handlers,
    'instance.status': () => ({
      name: 'A',
      directory,
      state: 'running' as const,
      pid: process.pid,
      version: '0',
      superserverPort: 0,
      webPort: 0,
      mirrors: [],
    }),
  },
  topics: instanceTopics,
  sources: { monitor: new Topic<MonitorSnapshot>(), jobs: new Topic<InstanceJob[]>() },
  onFault: () => undefined,
});
process.send?.({ ready: true });
