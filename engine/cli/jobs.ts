import { fromWireError } from '../api/rpc/index.ts';
import { GemelError } from '../api/errors.ts';
import type { InstanceJob } from '../api/jobs.ts';
import { connectInstance, type Context, type InstanceClient, type JsonOption } from './context.ts';
import { bytes } from './output.ts';

/** One question to the instance may last so long. */
const ASK_MS = 30_000;

/**
 * Begins a job of an instance and waits for its end: each step is a line, progress is redrawn where a person looks, with `json` nothing
 * is printed. The job goes on in the instance when this command is interrupted.
 * @param begin calls the method that begins it
 * @returns its result, as its method documents it
 * @throws GemelError what the job failed with
 */
export async function runJob(
  context: Context,
  instance: string,
  options: JsonOption,
  begin: (client: InstanceClient) => Promise<{ job: string }>,
): Promise<unknown> {
  const client = await connectInstance(context.home, instance, ASK_MS * 4);
  const shown = new ShownJob(context, options);
  try {
    const { job } = await begin(client);
    const end = client.subscribe('jobs', (jobs) => {
      const now = jobs.find(({ id }) => id === job);
      if (now !== undefined) shown.show(now);
    });
    for (;;) {
      const now = await client.call('job.get', { job, waitMs: ASK_MS }, ASK_MS * 2);
      if (now.state === 'running') continue;
      end();
      shown.show(now);
      if (now.error !== null) throw fromWireError(now.error);
      return now.result;
    }
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'UNREACHABLE') throw error;
    throw new GemelError(
      'NOT_RUNNING',
      'The instance ended before the job did.',
      'What the job had not finished is as it was before.',
      'See messages.log.',
    );
  } finally {
    shown.end();
    client.close();
  }
}

/** Prints what is new of a job. */
class ShownJob {
  readonly #context: Context;
  readonly #isQuiet: boolean;
  #told = 0;
  #line = '';

  constructor(context: Context, { json }: JsonOption) {
    this.#context = context;
    this.#isQuiet = json === true;
  }

  show(job: InstanceJob): void {
    if (this.#isQuiet) return;
    const news = job.stepCount - this.#told;
    this.#told = job.stepCount;
    for (const { text } of news > 0 ? job.steps.slice(-news) : []) {
      this.#clear();
      // The last one says how it ended, which the result or the error does.
      if (job.state === 'running' || text !== job.steps.at(-1)?.text) this.#context.terminal.out(`${text}\n`);
    }
    if (!this.#context.terminal.interactive || job.state !== 'running' || job.progress === null) return;
    this.#clear();
    this.#line = progressText(job.progress);
    this.#context.terminal.out(this.#line);
  }

  #clear(): void {
    if (this.#line !== '') this.#context.terminal.out(`\r${' '.repeat(this.#line.length)}\r`);
    this.#line = '';
  }

  end(): void {
    this.#clear();
  }
}

/** `Copying: 12.0 MB of 40.0 MB (30 %)` */
export function progressText({ done, total, unit, text }: NonNullable<InstanceJob['progress']>): string {
  const amount = (count: number): string => (unit === 'bytes' ? bytes(count) : `${count.toLocaleString('en')} ${unit}`);
  if (total === null) return `${text}: ${amount(done)}`;
  const share = total === 0 ? 100 : Math.floor((100 * done) / total);
  return `${text}: ${amount(done)} of ${amount(total)} (${share} %)`;
}
