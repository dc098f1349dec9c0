import { JournalList } from '../../engine/api/journals.ts';
import type { DatabaseView } from '../../engine/api/status.ts';
import { findInstance, type ActionContext } from './context.ts';
import { outputOf } from './command-output.ts';

/** Databases of an instance; of no instance none. @throws GemelError NOT_FOUND, NOT_RUNNING */
export async function databasesOf(instance: string | undefined, context: ActionContext): Promise<DatabaseView[]> {
  if (instance === undefined || instance === '') return [];
  const { host, facts } = findInstance(context, instance);
  return host.callInstance(facts.name, 'db.list', {});
}

/** From the instance; of one that is down what its files show. @throws GemelError NOT_FOUND */
export async function journalListOf(instance: string, context: ActionContext): Promise<JournalList> {
  const { host, facts } = findInstance(context, instance);
  if (facts.connection.state === 'live') return host.callInstance(facts.name, 'journal.list', {});
  const { lines, error } = await outputOf(host.run(['journal', 'list', facts.name, '--json']));
  if (error !== null) throw error;
  return JournalList.parse(JSON.parse(lines[0] ?? ''));
}
