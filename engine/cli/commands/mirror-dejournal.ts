import { InvalidArgumentError, type Command } from 'commander';
import { scheduleText, type DejournalView } from '../../api/dejournaling.ts';
import { command, show, withInstance, type Context, type JsonOption } from '../context.ts';

interface DejournalFlags extends JsonOption {
  readonly mirror?: string;
  readonly from?: number;
  readonly to?: number;
}

const actions = [
  ['pause', 'apply no more journal to the databases until it is started again; journal goes on coming in'],
  ['start', 'go on, also with databases that an error has stopped'],
  ['schedule', 'apply journal between two times of each day only'],
  ['continuous', 'apply journal at all times of the day'],
  ['status', 'how it is set, and whether it goes on now'],
] as const;

/** `mirror dejournal ...`: when an async member's databases get what has come in. */
export function addDejournalCommands(mirror: Command, context: Context): void {
  const group = mirror.command('dejournal').description('when an async member applies the journal to its databases');
  for (const [action, text] of actions) {
    const made = command(group, `${action} <instance>`, text).option('--mirror <mirror>', 'the mirror, when the instance is in several');
    if (action === 'schedule')
      made
        .requiredOption('--from <hh:mm>', 'beginning, in the local time of the member’s host', minuteOfDay)
        .requiredOption('--to <hh:mm>', 'end; before the beginning means on the next day', minuteOfDay);
    made.action(async (instance: string, { json, ...flags }: DejournalFlags) => {
      const view = await withInstance(context, instance, (client) => client.call('mirror.dejournal', { action, ...flags }));
      show(context, { json: json === true }, view, dejournalText);
    });
  }
}

function dejournalText(view: DejournalView): string {
  return `Dejournaling is set to ${scheduleText(view)}; ${now[view.halted ?? 'none']}.\n`;
}

const now = {
  none: 'it goes on now',
  operator: 'it is paused until it is started: gemel mirror dejournal start',
  error: 'an error has paused it (see messages.log), until it is started or the member connects anew',
  filter: 'its filter has stopped it: gemel mirror filter status',
  schedule: 'now is not its time',
} as const;

function minuteOfDay(text: string): number {
  const found = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (found === null) throw new InvalidArgumentError('Give a time of the day, such as 00:30.');
  return Number(found[1]) * 60 + Number(found[2]);
}
