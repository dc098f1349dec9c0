import { acquireLock, forceDown, listRegistered, lookAt, type DirectoryLock, type Look, type Registered } from '../instance/host.ts';
import { realIo, type Io } from '../io/index.ts';

/** The instances of a host and their locks, as its agent deals with them. */
export interface Hosted {
  readonly io: Io;
  list(): readonly Registered[];
  /** How an instance is; *hung* only with proof. */
  look(directory: string): Promise<Look>;
  /** Holds an instance's lock as its agent. Throws LOCKED. @param run the instance's run directory */
  acquire(run: string): DirectoryLock;
  /** Kills the process that is proven to hold the instance's lock; resolves once it is gone. Throws NOT_RUNNING, REFUSED, TIMEOUT. */
  forceDown(directory: string): Promise<void>;
}

/** Those of this computer, under a host root. */
export function hostedAt(home: string): Hosted {
  return {
    io: realIo,
    list: () => listRegistered(home),
    look: lookAt,
    acquire: (run) => acquireLock(run, 'agent', realIo.clock),
    forceDown: (directory) => forceDown(directory),
  };
}
