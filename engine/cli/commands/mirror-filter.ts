import path from 'node:path';
import type { Command } from 'commander';
import type { FilterView } from '../../api/dejournaling.ts';
import { command, show, withInstance, type Context, type JsonOption } from '../context.ts';
import { fields } from '../output.ts';

interface FilterFlags extends JsonOption {
  readonly mirror?: string;
}

/** `mirror filter ...`: an administrator's say in what a reporting member's read-write databases take. */
export function addFilterCommands(mirror: Command, context: Context): void {
  const group = mirror
    .command('filter')
    .description(
      'on a reporting async: a module that says which updates its read-write databases take (resources/hooks/DejournalFilter.mjs)',
    );
  const ofMirror = (made: Command): Command => made.option('--mirror <mirror>', 'the mirror, when the instance is in several');
  const run = async (
    instance: string,
    { json, mirror: name }: FilterFlags,
    params: { action: 'set' | 'clear' | 'status'; file?: string },
  ): Promise<void> => {
    const ofWhich = name === undefined ? {} : { mirror: name };
    const view = await withInstance(context, instance, (client) => client.call('mirror.filter', { ...params, ...ofWhich }));
    show(context, { json: json === true }, view, filterText);
  };
  ofMirror(
    command(group, 'set <instance> <file>', 'ask the class DejournalFilter of this file about every update; it stays set over restarts'),
  ).action((instance: string, file: string, flags: FilterFlags) => run(instance, flags, { action: 'set', file: path.resolve(file) }));
  ofMirror(command(group, 'clear <instance>', 'apply every update again')).action((instance: string, flags: FilterFlags) =>
    run(instance, flags, { action: 'clear' }),
  );
  ofMirror(command(group, 'status <instance>', 'which file is set, whether it works, and what it costs')).action(
    (instance: string, flags: FilterFlags) => run(instance, flags, { action: 'status' }),
  );
}

function filterText({ file, failed, records, refused, usPerRecord }: FilterView): string {
  if (file === null) return 'No dejournal filter is set.\n';
  return fields([
    ['Filter', file],
    ['State', failed === null ? 'works' : `has stopped dejournaling: ${failed}`],
    ['Records asked about', records],
    ['Left out', refused],
    ['Time per record', usPerRecord === null ? '-' : `${usPerRecord} µs`],
  ]);
}
