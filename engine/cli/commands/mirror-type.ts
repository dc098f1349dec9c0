import { Option, type Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import { showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { agreed, canAsk } from './agreed.ts';

export interface TypeFlags extends JsonOption {
  readonly as?: 'dr' | 'reporting-ro' | 'reporting-rw';
  readonly mirror?: string;
  readonly clearFailoverdb?: boolean;
  readonly keepFailoverdb?: boolean;
}

/** The part of `mirror edit` that changes what type of async a member is. */
export function typeOptions(edit: Command): Command {
  return edit
    .addOption(new Option('--as <type>', 'on an async: what it becomes').choices(['dr', 'reporting-ro', 'reporting-rw']))
    .option('--clear-failoverdb', 'with --as: all its databases take updates there too, and can never be a primary’s copy again')
    .option('--keep-failoverdb', 'with --as reporting-rw: the databases it has stay read-only');
}

/** Carries out `mirror edit --as`. A person is asked what becomes of the FailoverDB flags where that has to be said. */
export async function changeType(context: Context, instance: string, flags: TypeFlags & Required<Pick<TypeFlags, 'as'>>): Promise<void> {
  const { as, json, mirror } = flags;
  const failoverDB = await ofFlags(context, flags);
  const params = { as, ...(mirror === undefined ? {} : { mirror }), ...(failoverDB === undefined ? {} : { failoverDB }) };
  showDone(context, { json: json === true }, await withInstance(context, instance, (client) => client.call('mirror.changeType', params)));
}

async function ofFlags(context: Context, flags: TypeFlags): Promise<'clear' | 'keep' | undefined> {
  const { as, clearFailoverdb = false, keepFailoverdb = false, json } = flags;
  if (clearFailoverdb && keepFailoverdb)
    throw new GemelError('USAGE', 'The FailoverDB flags cannot be both cleared and kept.', 'Nothing was changed.', 'Give one of the two.');
  if (clearFailoverdb) return 'clear';
  if (keepFailoverdb) return 'keep';
  if (as !== 'reporting-rw' || json === true || !canAsk(context)) return undefined;
  const question = 'Clear the FailoverDB flag of all mirrored databases, so that they take updates there too? It can never be set again.';
  return (await agreed(context, [question])) ? 'clear' : 'keep';
}
