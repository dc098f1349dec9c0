import path from 'node:path';
import type { Io } from '../../io/index.ts';
import { GuardedThread } from './guarded-thread.ts';
import { entryPoints, type FromHook, type HookCall, type HookIdentity, type HookValue, type ToHook } from './messages.ts';

/** What a hook answered. `why` tells an administrator where the answer comes from. */
export interface HookAnswer {
  readonly ok: boolean;
  readonly why: string;
}

/** With what CheckBecomePrimaryOK writes, while nobody else may. Rejections reach the hook as errors. */
export interface HookClient {
  /** One command of the superserver, as `['GSET', 'ref', 'value']`. */
  command(args: readonly string[]): Promise<HookValue>;
}

/** The administrator's part in becoming primary. */
export interface Hooks {
  /**
   * CanNodeStartToBecomePrimary, or CheckBecomePrimaryOK. Never rejects: what is left out is a yes; what throws, takes too
   * long or cannot be loaded is a no. Who asks logs it. A question of the same kind still under way is ended with a no.
   */
  ask(which: 'canStart' | 'check', client?: HookClient): Promise<HookAnswer>;
  /** NotifyBecomePrimary, or NotifyBecomePrimaryFailed. Returns at once; how it ends is logged and changes nothing. */
  notify(which: 'became' | 'failed'): void;
  /** Ends questions under way with a no: another member has become primary. Notifications go on. */
  cancel(): void;
  /** Ends everything under way. */
  close(): void;
}

export interface HooksOptions {
  /** The instance's directory: the file `ZMIRROR.mjs` may lie there. */
  readonly directory: string;
  readonly identity: HookIdentity;
  readonly io: Pick<Io, 'clock' | 'files'>;
  readonly log: (severity: 0 | 1 | 2 | 3, text: string) => void;
  /** Longest time a question may take. Default 20 s: it is asked again every 30 s. */
  readonly askMs?: number;
  /** Longest time a notification may take. Default 10 minutes. */
  readonly notifyMs?: number;
}

const FILE = 'ZMIRROR.mjs';
const ASK_MS = 20_000;
const NOTIFY_MS = 600_000;
const LOGGED_MAX = 2000;

type Which = keyof typeof entryPoints;

/** How a call ended. */
type Outcome =
  | { readonly how: 'yes' | 'no'; readonly why: string }
  | { readonly how: 'failed'; readonly why: string }
  /** Nobody wants to know any more. */
  | { readonly how: 'ended' };

interface Running {
  readonly which: Which;
  end(outcome: Outcome): void;
}

/**
 * Runs the functions of `ZMIRROR.mjs`, each call in a thread of its own, which loads the file as it is at that moment: an
 * administrator can correct it between two attempts. Keeps the executor's thread out of whatever the file does.
 */
export function openHooks(options: HooksOptions): Hooks {
  return new FileHooks(options);
}

class FileHooks implements Hooks {
  readonly #options: HooksOptions;
  readonly #file: string;
  readonly #running = new Set<Running>();

  constructor(options: HooksOptions) {
    this.#options = options;
    this.#file = path.join(options.directory, FILE);
  }

  async ask(which: 'canStart' | 'check', client?: HookClient): Promise<HookAnswer> {
    this.#endAll((call) => call.which === which);
    const name = entryPoints[which];
    const outcome = await this.#call(which, this.#options.askMs ?? ASK_MS, client);
    switch (outcome.how) {
      case 'yes':
        return { ok: true, why: outcome.why };
      case 'ended':
        return { ok: false, why: `${name} of ${FILE} was ended before it had answered.` };
      default:
        return { ok: false, why: outcome.why };
    }
  }

  notify(which: 'became' | 'failed'): void {
    void this.#call(which, this.#options.notifyMs ?? NOTIFY_MS).then((outcome) => {
      if (outcome.how === 'failed') this.#options.log(2, `[HOOK_FAILED] ${outcome.why} The member goes on.`);
    });
  }

  cancel(): void {
    this.#endAll((call) => call.which === 'canStart' || call.which === 'check');
  }

  close(): void {
    this.#endAll(() => true);
  }

  #endAll(which: (call: Running) => boolean): void {
    for (const call of this.#running) if (which(call)) call.end({ how: 'ended' });
  }

  #call(which: Which, limitMs: number, client?: HookClient): Promise<Outcome> {
    const entry = entryPoints[which];
    if (!this.#options.io.files.exists(this.#file)) return Promise.resolve({ how: 'yes', why: `There is no ${FILE}.` });
    const call: HookCall = { file: this.#file, entry, identity: this.#options.identity, client: client !== undefined };
    return new Promise((resolve) => {
      const running: Running = {
        which,
        end: (outcome) => {
          if (!this.#running.delete(running)) return;
          thread.end();
          resolve(outcome);
        },
      };
      const failed = (how: string): void => running.end({ how: 'failed', why: `${entry} of ${FILE} ${how}` });
      const heard = (message: FromHook): void => {
        if (message.t === 'command') void serveCommand(client, message, (reply) => thread.post(reply));
        else if (message.t === 'log') this.#options.log(0, `[HOOK] ${entry}: ${message.text.slice(0, LOGGED_MAX)}`);
        else if (message.t === 'threw') failed(`failed: ${message.text.slice(0, LOGGED_MAX)}`);
        else running.end(answered(entry, message));
      };
      const thread = new GuardedThread<FromHook, ToHook>({
        url: new URL('./hook-thread.ts', import.meta.url),
        workerData: call,
        clock: this.#options.io.clock,
        heard,
        failed,
      });
      thread.limit(limitMs);
      this.#running.add(running);
    });
  }
}

function answered(entry: string, message: Extract<FromHook, { t: 'absent' | 'returned' }>): Outcome {
  if (message.t === 'absent') return { how: 'yes', why: `${FILE} has no ${entry}.` };
  const why = `${entry} of ${FILE} returned ${message.shown}.`;
  return { how: message.yes ? 'yes' : 'no', why: message.yes ? why : `${why} Only true (or 1) is a yes.` };
}

async function serveCommand(
  client: HookClient | undefined,
  { id, args }: Extract<FromHook, { t: 'command' }>,
  reply: (message: ToHook) => void,
): Promise<void> {
  try {
    if (client === undefined) throw new Error('This hook gets no client.');
    reply({ t: 'value', id, value: await client.command(args) });
  } catch (error) {
    reply({ t: 'error', id, text: error instanceof Error ? error.message : String(error) });
  }
}
