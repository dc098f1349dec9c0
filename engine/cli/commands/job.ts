import type { Command } from 'commander';
import type { InstanceJob } from '../../api/jobs.ts';
import { command, show, showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { progressText, runJob } from '../jobs.ts';
import { fields, table } from '../output.ts';

export function addJobCommands(program: Command, context: Context): void {
  const job = program.command('job').description('long work of a running instance');

  command(job, 'list <instance>', 'jobs under way, and those that have ended since the instance started').action(
    async (instance: string, options: JsonOption) => {
      show(context, options, await withInstance(context, instance, (client) => client.call('job.list', {})), jobTable);
    },
  );

  command(job, 'show <instance> <job>', 'a job with all its steps').action(async (instance: string, id: string, options: JsonOption) => {
    show(context, options, await withInstance(context, instance, (client) => client.call('job.get', { job: id })), jobText);
  });

  command(job, 'wait <instance> <job>', 'wait until a job has ended').action(async (instance: string, id: string, options: JsonOption) => {
    await runJob(context, instance, options, () => Promise.resolve({ job: id }));
    showDone(context, options, { message: `Job ${id} has done its work.` });
  });

  command(job, 'cancel <instance> <job>', 'stop a job that can be stopped without harm').action(
    async (instance: string, id: string, options: JsonOption) => {
      showDone(context, options, await withInstance(context, instance, (client) => client.call('job.cancel', { job: id })));
    },
  );
}

function jobTable(jobs: InstanceJob[]): string {
  const rows = jobs.map((job) => [
    job.id,
    job.state,
    when(job.startedAt),
    job.progress === null ? '' : progressText(job.progress),
    job.title,
  ]);
  return table(['JOB', 'STATE', 'STARTED', 'PROGRESS', 'WHAT'], rows, 'No jobs since the instance started.');
}

function jobText(job: InstanceJob): string {
  return [
    fields([
      ['Job', `${job.id}: ${job.title}`],
      ['State', job.state],
      ['Started', when(job.startedAt)],
      ['Ended', job.endedAt === null ? null : when(job.endedAt)],
      ['Progress', job.progress === null ? null : progressText(job.progress)],
      ['Error', job.error === null ? null : [job.error.what, job.error.safe, job.error.todo].join(' ').trim()],
    ]),
    ...job.steps.map(({ at, text }) => `${when(at)}  ${text}\n`),
  ].join('');
}

function when(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 19);
}
