import { GemelError } from '../../../api/errors.ts';
import type { InstanceMethods, Parsed, Result } from '../../../api/contract.ts';
import type { Handlers } from '../../../api/rpc/index.ts';
import type { JobContext, Jobs } from '../../jobs/index.ts';
import { memberAt } from '../place.ts';
import { addToMirror, checkAdd } from './add.ts';
import { activate, catchUp, markCaughtUp, pauseDejournal } from './catching-up.ts';
import { requirePrimary, type DatabaseContext } from './context.ts';
import { dismount, mount } from './mounting.ts';
import { deleteDatabase } from './delete.ts';
import { setProperties } from './properties.ts';
import { recreateDatabase } from './recreate.ts';
import { removeFromMirror } from './remove.ts';

type Method =
  | 'db.addToMirror'
  | 'db.removeFromMirror'
  | 'db.mount'
  | 'db.dismount'
  | 'db.activate'
  | 'db.catchup'
  | 'db.recreate'
  | 'db.pauseDejournal'
  | 'db.markCaughtUp'
  | 'db.set'
  | 'db.delete';

type Begun = Result<InstanceMethods, 'db.mount'>;

/** What an operator does with databases of an instance, each a job: one database after the other, each wholly or not at all. */
export class DatabaseOperations {
  readonly #context: DatabaseContext;

  constructor(context: DatabaseContext) {
    this.#context = context;
  }

  handlers(jobs: Jobs): Pick<Handlers<InstanceMethods>, Method> {
    const context = this.#context;
    const each = (
      kind: Method,
      title: string,
      names: readonly string[],
      act: (name: string, job: JobContext) => Promise<string> | string,
    ): Begun => begin(jobs, kind, title, names, (job) => oneByOne(names, job, act));
    return {
      'db.addToMirror': (params) => this.#add(params, jobs),
      'db.removeFromMirror': ({ names }) =>
        each('db.removeFromMirror', 'Remove from the mirror', names, (name) => removeFromMirror(name, context)),
      'db.mount': ({ names, catchup }) => each('db.mount', 'Mount', names, (name, { signal }) => mount(name, catchup, context, signal)),
      'db.dismount': ({ names }) => each('db.dismount', 'Dismount', names, (name) => dismount(name, context)),
      'db.recreate': ({ names }) => each('db.recreate', 'Recreate', names, (name) => recreateDatabase(name, context)),
      'db.pauseDejournal': ({ names }) => each('db.pauseDejournal', 'Pause dejournaling', names, (name) => pauseDejournal(name, context)),
      'db.markCaughtUp': ({ names }) => each('db.markCaughtUp', 'Mark as caught up', names, (name) => markCaughtUp(name, context)),
      'db.set': (params) => each('db.set', 'Set properties', [params.name], () => setProperties(params, context)),
      'db.delete': ({ name, confirmed }) => each('db.delete', 'Delete', [name], () => deleteDatabase(name, confirmed, context)),
      'db.activate': ({ names }) => each('db.activate', 'Activate', names, (name) => activate(name, context)),
      'db.catchup': ({ names }) => begin(jobs, 'db.catchup', 'Catch up', names, (job) => this.#catchUp(names, job)),
    };
  }

  #add({ databases, mirror, wholeMirror }: Parsed<InstanceMethods, 'db.addToMirror'>, jobs: Jobs): Begun {
    const context = this.#context;
    const place = context.placeIn(mirror);
    const host = place.host;
    const member = memberAt(place);
    const primary = (): ReturnType<typeof requirePrimary> => {
      if (host === null || place.host !== host)
        throw new GemelError('REFUSED', 'This member is changing.', 'Nothing was changed.', 'Try again.');
      return requirePrimary({ member, host }, 'A database is added to the mirror');
    };
    // What is wrong with any of them is said before the first is changed.
    const wanted = databases.map(({ name, mirrorDatabase }) => checkAdd(name, mirrorDatabase, primary(), context));
    refuseTwice(wanted.map(({ database }) => database));
    const names = wanted.map(({ name }) => name);
    return begin(jobs, 'db.addToMirror', 'Add to the mirror', names, async (job) => {
      const added: string[] = [];
      let follow: string | undefined;
      const done = await oneByOne(names, job, async (name) => {
        const one = wanted.find((each) => each.name === name);
        if (one === undefined) return '';
        await addToMirror(one, primary(), context, wholeMirror);
        added.push(one.database);
        if (wholeMirror)
          return `The database ${name} is in the mirror as ${one.database}; its failover and disaster recovery members make their copies by themselves.`;
        return `The database ${name} is in the mirror as ${one.database}. On each other member: gemel db seed; or restore a backup of it there, or copy its file, then gemel db activate and gemel db catchup.`;
      }).finally(() => {
        if (wholeMirror && added.length > 0) follow = context.seedWanted(place, added);
      });
      return follow === undefined ? done : { ...done, job: follow };
    });
  }

  async #catchUp(names: readonly string[], job: JobContext): Promise<{ message: string }> {
    job.progress({ done: 0, total: names.length, unit: 'databases', text: 'Catching up' });
    const told = await catchUp(names, this.#context, job.signal);
    if (names.length > 1) for (const each of told.values()) job.step(typeof each === 'string' ? each : each.what);
    return outcome(told);
  }
}

/** Throws USAGE. */
function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, n) => names.indexOf(name) !== n);
  if (twice === undefined) return;
  throw new GemelError(
    'USAGE',
    `${twice} is named twice.`,
    'Nothing was changed.',
    'Name each database once; mirror database names differ regardless of case.',
  );
}

function begin(
  jobs: Jobs,
  kind: Method,
  what: string,
  names: readonly string[],
  run: (job: JobContext) => Promise<{ message: string; job?: string }>,
): Begun {
  const upper = names.map((name) => name.toUpperCase());
  refuseTwice(upper);
  const title = `${what}: ${upper.join(', ')}`;
  return { job: jobs.start({ kind, title, cancellable: true, holds: upper.map((name) => `database ${name}`), run }) };
}

/** Cancelling takes effect between two of them. */
async function oneByOne(
  names: readonly string[],
  job: JobContext,
  act: (name: string, job: JobContext) => Promise<string> | string,
): Promise<{ message: string }> {
  const told = new Map<string, string | GemelError>();
  for (const [done, name] of names.entries()) {
    job.signal.throwIfAborted();
    job.progress({ done, total: names.length, unit: 'databases', text: name.toUpperCase() });
    try {
      const text = await act(name, job);
      told.set(name, text);
      if (names.length > 1) job.step(text);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      told.set(name, error);
      if (names.length > 1) job.step(`${name.toUpperCase()}: ${error.what}`);
    }
  }
  return outcome(told);
}

/** What became of each is in the job's steps. Throws the first error; what it says is safe tells what was done all the same. */
function outcome(told: ReadonlyMap<string, string | GemelError>): { message: string } {
  const errors = [...told.values()].filter((each) => each instanceof GemelError);
  const done = [...told.values()].filter((each) => typeof each === 'string');
  const [first] = errors;
  if (first === undefined) return { message: told.size === 1 ? done.join() : `All ${told.size} databases are done.` };
  if (told.size === 1) throw first;
  const what = errors.map((each) => each.what).join(' ');
  throw new GemelError(first.code, what, done.length === 0 ? first.safe : `Done: ${done.join(' ')}`, first.todo);
}
