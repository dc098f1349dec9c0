import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { decodeKey } from '../../globals/index.ts';
import { assert } from '../../io/assert.ts';
import type { JournalUpdate } from '../../journal/index.ts';
import type { FilterQuestion, FilterStart, FromFilter } from './messages.ts';

/** The thread of a dejournal filter: loads the file once, and asks its class about update after update. */

const SHOWN_MAX = 200;

/** What a filter is told of an update. resources/hooks/DejournalFilter.mjs says what each is. */
interface Facts {
  readonly database: string;
  readonly readWrite: boolean;
  readonly kind: 'set' | 'kill';
  readonly global: string;
  readonly subscripts: readonly string[];
  readonly value: string | undefined;
  readonly transaction: number;
  readonly compensation: boolean;
  readonly file: number;
  readonly offset: number;
  readonly time: number;
}

interface Filter {
  applies(update: Facts): unknown;
}

assert(parentPort !== null, 'a filter runs in a thread of its own');
const port = parentPort;
const say = (message: FromFilter): void => port.postMessage(message);
const shown = (value: unknown): string => inspect(value, { depth: 1 }).slice(0, SHOWN_MAX);
const thrown = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : inspect(error));

async function load({ file, identity }: FilterStart): Promise<Filter> {
  const exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  const made = exported['DejournalFilter'];
  if (typeof made !== 'function') throw new Error('It exports no class DejournalFilter.');
  const log = (text: unknown): void => say({ t: 'log', text: String(text) });
  const filter = Reflect.construct(made, [{ ...identity, log }]) as Partial<Filter>;
  if (typeof filter.applies !== 'function') throw new Error('Its class DejournalFilter has no method applies.');
  return filter as Filter;
}

function factsOf(update: JournalUpdate, readWrite: ReadonlySet<string>): Facts {
  const { name, key, value, transaction, compensation, at, timeMs } = update;
  const { name: global, subscripts } = decodeKey(key);
  return {
    database: name,
    readWrite: readWrite.has(name),
    kind: value === undefined ? 'kill' : 'set',
    global,
    subscripts,
    value,
    transaction,
    compensation,
    file: at.file,
    offset: at.offset,
    time: timeMs,
  };
}

function answer(filter: Filter, { id, updates, readWrite }: FilterQuestion): FromFilter {
  const names = new Set(readWrite);
  const refused: number[] = [];
  for (const [n, update] of updates.entries()) {
    const facts = factsOf(update, names);
    const applies = filter.applies(facts);
    if (applies === true) continue;
    if (applies !== false)
      return { t: 'failed', text: `answered ${shown(applies)} about ${shown(facts)}; only true and false are answers.` };
    refused.push(n);
  }
  return { t: 'answer', id, refused };
}

try {
  const filter = await load(workerData as FilterStart);
  port.on('message', (question: FilterQuestion) => {
    try {
      say(answer(filter, question));
    } catch (error) {
      say({ t: 'failed', text: `failed: ${thrown(error)}` });
    }
  });
  say({ t: 'loaded' });
} catch (error) {
  say({ t: 'failed', text: `cannot be loaded: ${thrown(error)}` });
}
