import { startPeer } from '../../agent/peer.ts';
import { GemelError } from '../../api/errors.ts';
import type { DirectoryLock, Look } from '../../instance/host.ts';
import type { Io } from '../../io/index.ts';
import type { Net } from '../../io/net.ts';

/** An instance of the agent's host, as the agent finds it. */
export interface HostedInstance {
  readonly name: string;
  readonly directory: string;
  /** What its lock, its pulse and the system say of it. */
  look(): Look;
  forceDown(): void;
}

/** The production code of an agent (which may be arbiter) on a simulated host. */
export async function startAgent(options: {
  readonly host: string;
  readonly port: number;
  readonly io: Io;
  readonly net: Net;
  readonly instances: readonly HostedInstance[];
  readonly note: (text: string) => void;
}): Promise<void> {
  const { host, port, io, net, instances, note } = options;
  const find = (path: string): HostedInstance => {
    const found = instances.find(({ directory }) => path.startsWith(directory));
    if (found === undefined) throw new GemelError('NOT_FOUND', 'There is no such instance on this host.');
    return found;
  };
  // Between taking a lock and giving it back an agent does not let go of its turn: nobody else can want it meanwhile.
  const acquire = (run: string): DirectoryLock => {
    if (find(run).look().state !== 'down') throw new GemelError('LOCKED', 'The instance holds its lock.', 'It was left alone.');
    return { setPhase: () => undefined, release: () => undefined };
  };
  await startPeer({
    host,
    port,
    net,
    hosted: {
      io,
      list: () => instances,
      look: (directory) => Promise.resolve(find(directory).look()),
      acquire,
      forceDown: (directory) => {
        find(directory).forceDown();
        return Promise.resolve();
      },
    },
    log: (severity, text) => note(`${severity} ${text}`),
    admit: () => Promise.reject(new GemelError('REFUSED', 'Nobody joins a simulated mirror.')),
    inventory: () => Promise.resolve([]),
  });
}
