import { inspect } from 'node:util';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../io/assert.ts';
import type { FromHook, HookCall, HookValue, ToHook } from './messages.ts';

/** The thread of one call of a hook. What it does afterwards is nobody's concern: it is ended as soon as it has answered. */
const SHOWN_MAX = 200;
assert(parentPort !== null, 'a hook runs in a thread of its own');
const port = parentPort;
const call = workerData as HookCall;
const say = (message: FromHook): void => port.postMessage(message);

/** Sends commands one by one to the instance and waits for their replies. */
function makeClient(): { command(...args: unknown[]): Promise<HookValue> } {
  const waiting = new Map<number, { resolve: (value: HookValue) => void; reject: (error: Error) => void }>();
  let last = 0;
  port.on('message', (message: ToHook) => {
    const waits = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.t === 'value') waits?.resolve(message.value);
    else waits?.reject(new Error(message.text));
  });
  return {
    command: (...args) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, { resolve, reject });
        say({ t: 'command', id, args: args.map(String) });
      }),
  };
}

async function run(): Promise<FromHook> {
  const exported = (await import(pathToFileURL(call.file).href)) as Record<string, unknown>;
  const hook = exported[call.entry];
  if (hook === undefined) return { t: 'absent' };
  if (typeof hook !== 'function') return { t: 'threw', text: `${call.entry} is exported but is no function.` };
  const log = (text: unknown): void => say({ t: 'log', text: String(text) });
  const client = call.client ? makeClient() : undefined;
  const value: unknown = await Reflect.apply(hook, undefined, [{ ...call.identity, log, ...(client === undefined ? {} : { client }) }]);
  return { t: 'returned', yes: value === true || value === 1, shown: inspect(value, { depth: 1 }).slice(0, SHOWN_MAX) };
}

void run()
  .catch((error: unknown): FromHook => ({ t: 'threw', text: error instanceof Error ? (error.stack ?? error.message) : inspect(error) }))
  .then(say);
