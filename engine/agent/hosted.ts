import { acquireLock, listRegistered, probeLock, type DirectoryLock, type LockState, type Registered } from '../instance/host.ts';
import { realIo, type Io } from '../io/index.ts';

/** The instances of a host and their locks, as its agent deals with them. */
export interface Hosted {
  readonly io: Io;
  list(): readonly Registered[];
  /** @param run the instance's run directory */
  probe(run: string): LockState;
  /** Holds an instance's lock as its agent. Throws LOCKED. */
  acquire(run: string): DirectoryLock;
}

/** Those of this computer, under a host root. */
export function hostedAt(home: string): Hosted {
  return {
    io: realIo,
    list: () => listRegistered(home),
    probe: probeLock,
    acquire: (run) => acquireLock(run, 'agent', realIo.clock),
  };
}
