import { z } from 'zod';
import { Action } from './actions.ts';
import { memberForms } from './groups/members.ts';
import { Severity } from './views.ts';

/** The forms of the wizards: main makes them from the live state and checks what is typed with the engine's own rules; the page draws them. */

/** One for each wizard; it ends in an action that is planned and run like every other. */
export const FormName = z.enum([
  'createInstance',
  'createMirror',
  'joinFailover',
  'joinAsync',
  'createDatabase',
  'addDatabases',
  'backupDatabases',
  'restoreDatabases',
  'compareDatabases',
  'freezeDatabases',
  'purgeJournal',
  'restoreJournal',
  ...memberForms,
]);
export type FormName = z.infer<typeof FormName>;
export const formNames: readonly FormName[] = FormName.options;

/** What a wizard is about, as far as that was known when it was opened. */
export const About = z.object({
  host: z.string().optional(),
  /** InstanceView id */
  instance: z.string().optional(),
  mirror: z.string().optional(),
  /** Name of a member. */
  member: z.string().optional(),
  /** Name of a database, or of several, with commas between. */
  database: z.string().optional(),
});
export type About = z.infer<typeof About>;
export const aboutKeys: readonly (keyof About)[] = About.keyof().options;

export const FormValue = z.union([z.string(), z.boolean(), z.array(z.string())]);
export type FormValue = z.infer<typeof FormValue>;
/** By field name; what is left out has its default. */
export const FormValues = z.record(z.string(), FormValue);
export type FormValues = z.infer<typeof FormValues>;

const Option = z.object({
  value: z.string(),
  text: z.string(),
  /** What it means, one sentence. */
  hint: z.string().default(''),
  /** Why it cannot be chosen; null: it can. */
  refused: z.string().nullable().default(null),
});
export type Option = z.input<typeof Option>;

const common = {
  name: z.string(),
  label: z.string(),
  /** One sentence or two; empty: the label says it all. */
  help: z.string(),
  /** What is wrong with the value; null: nothing. */
  problem: z.string().nullable(),
};

export const Field = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('text'),
    ...common,
    value: z.string(),
    /** Shown where nothing is typed: what is taken then. */
    placeholder: z.string(),
    /** `number`: digits only, with `unit` behind it. */
    input: z.enum(['text', 'number']),
    unit: z.string(),
    required: z.boolean(),
  }),
  /** `radio` where each choice needs its sentence, else `select`. */
  z.object({ kind: z.literal('choice'), ...common, value: z.string(), style: z.enum(['radio', 'select']), options: z.array(Option) }),
  z.object({ kind: z.literal('several'), ...common, value: z.array(z.string()), options: z.array(Option) }),
  z.object({ kind: z.literal('flag'), ...common, value: z.boolean() }),
  /** Something that is so and cannot be changed here. */
  z.object({ kind: z.literal('fact'), ...common, value: z.string() }),
]);
export type Field = z.infer<typeof Field>;

export const FormGroup = z.object({
  title: z.string(),
  hint: z.string(),
  /** Folded away until it is asked for; what is wrong in it opens it. */
  advanced: z.boolean(),
  fields: z.array(Field),
});
export type FormGroup = z.infer<typeof FormGroup>;

export const Form = z.object({
  form: FormName,
  title: z.string(),
  /** What it does and when one wants that, in a sentence or two. */
  intro: z.string(),
  groups: z.array(FormGroup),
  notes: z.array(z.object({ severity: Severity, text: z.string() })),
  /** What would be planned; null while something is wrong or missing. */
  action: Action.nullable(),
});
export type Form = z.infer<typeof Form>;
