import { expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import { ManualClock } from '../../mirror/testing/pipe.ts';
import { Jobs, type JobContext, type JobDefinition } from './index.ts';

function made(): { jobs: Jobs; clock: ManualClock; lines: string[] } {
  const clock = new ManualClock();
  const lines: string[] = [];
  return { clock, lines, jobs: new Jobs({ clock, log: (severity, text) => lines.push(`${severity} ${text}`) }) };
}

function definition<R>(run: (context: JobContext) => Promise<R>, more: Partial<JobDefinition<R>> = {}): JobDefinition<R> {
  return { kind: 'db.backup', title: 'Backup of DATA', cancellable: true, holds: ['database DATA'], run, ...more };
}

it('tells what it does, and its result, also to who asks before it has ended', async () => {
  const { jobs, lines } = made();
  const work = Promise.withResolvers<{ bytes: number }>();
  const id = jobs.start(
    definition(async ({ step, progress }) => {
      step('The file is made.');
      progress({ done: 1, total: 2, unit: 'bytes', text: 'Copying' });
      return work.promise;
    }),
  );
  const waiting = jobs.get(id, 60_000);
  await Promise.resolve();
  expect(await jobs.get(id, 0)).toMatchObject({ state: 'running', progress: { done: 1 }, steps: [{ text: 'The file is made.' }] });
  work.resolve({ bytes: 2 });
  expect(await waiting).toMatchObject({ state: 'done', result: { bytes: 2 }, error: null, cancellable: false });
  expect(lines).toEqual(['0 Job 1 (Backup of DATA): The file is made.', '0 Job 1 (Backup of DATA): Done.']);
});

it('answers as it is when the waiting takes longer than wanted', async () => {
  const { jobs, clock } = made();
  const id = jobs.start(definition(() => new Promise(() => undefined)));
  const waiting = jobs.get(id, 100);
  clock.advance(100);
  expect((await waiting).state).toBe('running');
});

it('fails with its own error, or as an internal one', async () => {
  const { jobs, lines } = made();
  const refused = jobs.start(definition(() => Promise.reject(new GemelError('DISK_FULL', 'No room.', 'All is safe.', 'Make room.'))));
  expect(await jobs.get(refused, 1000)).toMatchObject({
    state: 'failed',
    error: { code: 'DISK_FULL', what: 'No room.', safe: 'All is safe.', todo: 'Make room.' },
  });
  expect(lines.at(-1)).toBe('2 Job 1 (Backup of DATA): Failed. No room. All is safe. Make room.');
  const broken = jobs.start(
    definition(() => {
      throw new TypeError('oops');
    }),
  );
  expect(await jobs.get(broken, 1000)).toMatchObject({ state: 'failed', error: { code: 'INTERNAL' } });
});

it('keeps others away from what it holds, until it has ended', async () => {
  const { jobs } = made();
  const work = Promise.withResolvers<null>();
  const first = jobs.start(definition(() => work.promise));
  expect(() => jobs.start(definition(() => Promise.resolve(null)))).toThrow('Another job is at work on the database DATA');
  jobs.start(definition(() => Promise.resolve(null), { holds: ['database OTHER'] }));
  work.resolve(null);
  await jobs.get(first, 1000);
  jobs.start(definition(() => Promise.resolve(null)));
});

it('is cancelled where that does no harm, and nowhere else', async () => {
  const { jobs } = made();
  const untilAborted = ({ signal }: JobContext): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  const id = jobs.start(definition(untilAborted));
  await Promise.resolve();
  expect(jobs.cancel(id).message).toContain('is being cancelled');
  expect(await jobs.get(id, 1000)).toMatchObject({ state: 'cancelled', error: { what: 'The job was cancelled.' } });
  expect(() => jobs.cancel(id)).toThrow('has ended already');
  const bound = jobs.start(definition(untilAborted, { cancellable: false }));
  expect(() => jobs.cancel(bound)).toThrow('cannot be stopped without harm');
  await jobs.close();
  expect(await jobs.get(bound, 0)).toMatchObject({ state: 'cancelled', error: { what: 'The instance is stopping.' } });
  expect(() => jobs.cancel('17')).toThrow('There is no job 17');
});
