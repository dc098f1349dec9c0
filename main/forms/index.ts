import type { ActionContext } from '../actions/index.ts';
import type { About, Form, FormName, FormValues } from '../contract/index.ts';
import { backupDatabases, compareDatabases, freezeDatabases, restoreDatabases } from './backup.ts';
import { createInstance } from './create-instance.ts';
import { createMirror } from './create-mirror.ts';
import { addDatabases, createDatabase } from './databases.ts';
import { purgeJournal, restoreJournal } from './journals.ts';
import { joinAsync, joinFailover } from './join.ts';
import { memberForms } from './members/index.ts';

/** Makes a form of the live state and what was typed so far. */
export type FormMaker = (about: About, values: FormValues, context: ActionContext) => Form | Promise<Form>;

const makers: Record<FormName, FormMaker> = {
  createInstance,
  createMirror,
  joinFailover,
  joinAsync,
  createDatabase,
  addDatabases,
  backupDatabases,
  restoreDatabases,
  compareDatabases,
  freezeDatabases,
  purgeJournal,
  restoreJournal,
  ...memberForms,
};

/** @throws GemelError NOT_FOUND when it is about something unknown here */
export async function formOf(name: FormName, about: About, values: FormValues, context: ActionContext): Promise<Form> {
  return makers[name](about, values, context);
}
