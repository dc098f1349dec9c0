import type { InstanceMethods, instanceTopics } from '../api/contract.ts';
import type { Handlers, Sources } from '../api/rpc/index.ts';
import type { Clock } from '../io/clock.ts';
import type { InstancePaths } from './directory.ts';
import type { Log } from './messages.ts';
import type { Settings } from './settings.ts';

/** What the process of an instance gives to what runs inside it. */
export interface EngineContext {
  readonly paths: InstancePaths;
  /** As read at the start; changes go through `updateSettings(paths.settings, ...)`. */
  readonly settings: Settings;
  /** The host's root, for what the instance asks of its own agent. */
  readonly home: string;
  /** Whether a person started it (or a member that was forced down stays down). */
  readonly byPerson: boolean;
  readonly log: Log;
  readonly clock: Clock;
  /** Ends the process in order, as SIGTERM does (calls `stop` of the engine). `reason` goes to messages.log. */
  end(reason: string): void;
  /** Ends the process at once after a severity 3 message: for states in which nothing more may be done. */
  fail(error: unknown): void;
}

/** A running instance, as its process sees it. */
export interface Engine {
  /** All of the instance's methods but those that the process answers itself: instance.stop, which then calls `stop`, and log.read. */
  readonly handlers: Omit<Handlers<InstanceMethods>, 'instance.stop' | 'log.read'>;
  readonly topics: Sources<typeof instanceTopics>;
  /** Hands over (unless `nofailover`), makes everything durable and ends. The process ends when it has resolved. */
  stop(options: { readonly nofailover: boolean }): Promise<void>;
}

/** Resolves when the instance can answer its control socket. A GemelError thrown here is told to whoever started it. */
export type StartEngine = (context: EngineContext) => Promise<Engine>;
