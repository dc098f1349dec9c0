import type { ActionContext } from '../actions/index.ts';
import type { About, Form, FormName, FormValues } from '../contract/index.ts';
import { createInstance } from './create-instance.ts';
import { createMirror } from './create-mirror.ts';
import { joinAsync, joinFailover } from './join.ts';
import { memberForms } from './members/index.ts';

/** Makes a form of the live state and what was typed so far. */
export type FormMaker = (about: About, values: FormValues, context: ActionContext) => Form | Promise<Form>;

const makers: Record<FormName, FormMaker> = { createInstance, createMirror, joinFailover, joinAsync, ...memberForms };

/** @throws GemelError NOT_FOUND when it is about something unknown here */
export async function formOf(name: FormName, about: About, values: FormValues, context: ActionContext): Promise<Form> {
  return makers[name](about, values, context);
}
