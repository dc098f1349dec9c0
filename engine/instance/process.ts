import { parseArgs } from 'node:util';
import { instanceMethods, instanceTopics } from '../api/contract.ts';
import { GemelError } from '../api/errors.ts';
import { serveControl, type ControlServer } from '../api/rpc/index.ts';
import { VERSION } from '../api/version.ts';
import { realClock } from '../io/clock.ts';
import { checkInstanceDirectory, type InstancePaths } from './directory.ts';
import type { Engine, EngineContext, StartEngine } from './engine.ts';
import { acquireLock, type DirectoryLock } from './lock.ts';
import { readLog } from './message-reader.ts';
import { messagesFile, openMessageLog, type Log } from './messages.ts';
import { defaultHome } from './registry.ts';
import { tellParent } from './spawn.ts';

/** Exit codes of the process of an instance. */
const EXIT = { stopped: 0, notStarted: 1, usage: 2, failed: 70 } as const;

/**
 * The process of one instance: `instance.ts --directory DIR [--by-person]`. Takes the lock, starts the engine, serves the control
 * socket, and lives until it is told to stop. The caller leaves the rest to it.
 */
export async function runInstanceProcess(argv: readonly string[], startEngine: StartEngine): Promise<void> {
  try {
    const { directory, byPerson } = processArguments(argv);
    const { paths, settings } = checkInstanceDirectory(directory);
    const lock = acquireLock(paths.run, 'instance');
    const { write: log } = openMessageLog(paths.mgr, { clock: realClock });
    log(0, `Instance ${settings.Startup.InstanceName} (Gemel ${VERSION}, Node ${process.version}) is starting in ${paths.directory}.`);
    const life = new Life(paths, lock, log);
    const context: EngineContext = {
      paths,
      settings,
      home: defaultHome(),
      byPerson,
      log,
      clock: realClock,
      end: life.end,
      fail: life.fail,
    };
    await life.run(() => startEngine(context));
  } catch (error) {
    await tellParent({ failed: error });
    console.error(error instanceof GemelError ? error.message : error);
    process.exit(error instanceof GemelError && error.code === 'USAGE' ? EXIT.usage : EXIT.notStarted);
  }
}

function processArguments(argv: readonly string[]): { directory: string; byPerson: boolean } {
  const { values } = parseArgs({ args: [...argv], options: { directory: { type: 'string' }, 'by-person': { type: 'boolean' } } });
  if (values.directory !== undefined) return { directory: values.directory, byPerson: values['by-person'] ?? false };
  throw new GemelError('USAGE', 'Which instance? Give --directory DIR.', '', 'Or use: gemel instance start NAME');
}

/** From the lock to the end. */
class Life {
  readonly #paths: InstancePaths;
  readonly #lock: DirectoryLock;
  readonly #log: Log;
  #engine: Engine | undefined;
  #server: ControlServer | undefined;
  #ending: { readonly reason: string; readonly nofailover: boolean } | undefined;

  constructor(paths: InstancePaths, lock: DirectoryLock, log: Log) {
    this.#paths = paths;
    this.#lock = lock;
    this.#log = log;
  }

  async run(start: () => Promise<Engine>): Promise<void> {
    this.#handleSignals();
    try {
      this.#engine = await start();
      this.#server = await this.#serve(this.#engine);
    } catch (error) {
      this.#log(3, `The instance could not start: ${describe(error)}`);
      this.#lock.release();
      throw error;
    }
    this.#lock.setPhase('running');
    this.#log(0, 'The instance is started.');
    await tellParent({ ready: true });
    if (this.#ending !== undefined) this.#stop();
  }

  /** Ends in order; a second wish to end changes nothing. */
  readonly end = (reason: string, nofailover = false): void => {
    if (this.#ending !== undefined) return;
    this.#ending = { reason, nofailover };
    this.#log(0, `The instance is stopping: ${reason}`);
    if (this.#server !== undefined) this.#stop();
  };

  readonly fail = (error: unknown): void => {
    this.#log(3, `The instance ends at once: ${describe(error)}`);
    process.exit(EXIT.failed);
  };

  #stop(): void {
    // After the answer to whoever asked for it has gone out.
    setImmediate(() => void this.#orderlyEnd().catch(this.fail));
  }

  async #orderlyEnd(): Promise<void> {
    this.#lock.setPhase('stopping');
    await this.#engine?.stop({ nofailover: this.#ending?.nofailover ?? false });
    await this.#server?.close();
    this.#log(0, 'The instance is stopped.');
    this.#lock.release();
    process.exit(EXIT.stopped);
  }

  #serve(engine: Engine): Promise<ControlServer> {
    const stop = ({ nofailover }: { nofailover: boolean }): { message: string } => {
      this.end(nofailover ? 'asked to, without handing over.' : 'asked to.', nofailover);
      return { message: 'The instance is stopping.' };
    };
    return serveControl(this.#paths.control, {
      methods: instanceMethods,
      handlers: { ...engine.handlers, 'instance.stop': stop, 'log.read': (range) => readLog(messagesFile(this.#paths.mgr), range) },
      topics: instanceTopics,
      sources: engine.topics,
      onFault: (error) => this.#log(2, `A management call failed inside: ${describe(error)}`),
    });
  }

  #handleSignals(): void {
    process.on('SIGTERM', () => this.end('SIGTERM.'));
    process.on('SIGINT', () => this.end('SIGINT.'));
    process.on('SIGHUP', () => undefined);
    process.on('uncaughtException', this.fail);
    process.on('unhandledRejection', this.fail);
  }
}

function describe(error: unknown): string {
  if (error instanceof GemelError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
