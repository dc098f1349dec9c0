import { setTimeout as delay } from 'node:timers/promises';
import { instanceMethods, type InstanceMethods } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import { Topic, type Handlers } from '../../api/rpc/index.ts';
import type { InstanceJob } from '../../api/jobs.ts';
import type { InstanceStatus, MonitorSnapshot } from '../../api/status.ts';
import { VERSION } from '../../api/version.ts';
import type { Engine, EngineContext } from '../engine.ts';
import { runInstanceProcess } from '../process.ts';

/**
 * An instance's process around an engine that keeps no data: for tests of the life cycle. `Test` in [config] of its
 * settings chooses how it behaves.
 */
async function startEngine(context: EngineContext): Promise<Engine> {
  const { Test } = context.settings.config;
  if (Test === 'refuse') throw new GemelError('PORT_IN_USE', 'Port 1 is in use.', 'Nothing was changed.', 'Choose another.');
  if (Test === 'crash') process.exit(9);
  if (Test === 'slow') await delay(600_000);
  return engine(context);
}

function engine(context: EngineContext): Engine {
  const { Test } = context.settings.config;
  const { InstanceName, DefaultPort, WebServerPort } = context.settings.Startup;
  const status = (): InstanceStatus => ({
    name: InstanceName,
    directory: context.paths.directory,
    state: 'running',
    pid: process.pid,
    version: VERSION,
    superserverPort: DefaultPort,
    webPort: WebServerPort,
    mirrors: [],
  });
  return {
    handlers: {
      ...refusals(),
      'instance.status': status,
      'db.list': () => [],
      'mirror.setNoFailover': () => {
        setImmediate(() => {
          throw new Error('planted bug');
        });
        return { message: 'This instance is about to fail.' };
      },
      'mirror.clearNoFailover': () => {
        context.end('the engine wants to.');
        return { message: 'ending' };
      },
    },
    topics: { monitor: new Topic<MonitorSnapshot>(), jobs: new Topic<InstanceJob[]>() },
    stop: async ({ nofailover }) => {
      if (Test === 'fail-stop') throw new Error('the disk is gone');
      context.log(0, nofailover ? 'No hand-over.' : 'Handed over.');
    },
  };
}

/** Every method of the contract, refusing. */
function refusals(): Handlers<InstanceMethods> {
  const refuse = (): never => {
    throw new GemelError('NOT_BUILT', 'The test engine does not do this.');
  };
  return Object.fromEntries(Object.keys(instanceMethods).map((name) => [name, refuse])) as unknown as Handlers<InstanceMethods>;
}

await runInstanceProcess(process.argv.slice(2), startEngine);
