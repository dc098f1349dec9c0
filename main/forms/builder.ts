import type { z } from 'zod';
import { Action } from '../contract/index.ts';
import type { ActionInput, Field, Form, FormGroup, FormName, FormValues, Option } from '../contract/index.ts';

interface Labelled {
  readonly label: string;
  readonly help?: string;
}

interface TextOptions<T> extends Labelled {
  readonly initial?: string;
  readonly placeholder?: string;
  readonly unit?: string;
  /** The engine's rule; without one, anything goes. */
  readonly rule?: z.ZodType<T, string>;
  /** A further rule that needs the live state: what is wrong with it, or null. */
  readonly wrong?: (value: string) => string | null;
}

interface NumberOptions extends Labelled {
  readonly initial?: number;
  readonly placeholder?: string;
  readonly unit?: string;
  readonly rule?: z.ZodType<number>;
}

interface ChoiceOptions extends Labelled {
  readonly options: readonly Option[];
  /** Left out: the first that can be chosen. */
  readonly initial?: string;
  readonly style?: 'radio' | 'select';
  /** What is wrong when there is nothing to choose. */
  readonly none?: string;
}

/**
 * A form in the making: each field takes its value from what was typed, else its default, and checks it. A field that is not added is
 * not in the form, so what is asked for may depend on what was answered before.
 */
export class FormBuilder {
  readonly #form: FormName;
  readonly #values: FormValues;
  readonly #groups: FormGroup[] = [];
  readonly #notes: Form['notes'] = [];
  #isWhole = true;

  constructor(form: FormName, values: FormValues) {
    this.#form = form;
    this.#values = values;
  }

  /** What follows belongs together. */
  group(title: string, options: { hint?: string; advanced?: boolean } = {}): void {
    this.#groups.push({ title, hint: options.hint ?? '', advanced: options.advanced ?? false, fields: [] });
  }

  /** undefined: left empty and not needed, or wrong. */
  text(name: string, options: TextOptions<unknown>): string | undefined {
    const value = this.#string(name, options.initial ?? '').trim();
    const required = options.placeholder === undefined;
    const problem = value === '' ? (required ? 'This is needed.' : null) : (broken(options.rule, value) ?? options.wrong?.(value) ?? null);
    const { placeholder = '', unit = '' } = options;
    this.#add({ kind: 'text', ...this.#common(name, options, problem), value, placeholder, input: 'text', unit, required });
    return problem === null && value !== '' ? value : undefined;
  }

  number(name: string, options: NumberOptions): number | undefined {
    const value = this.#string(name, options.initial === undefined ? '' : String(options.initial)).trim();
    const required = options.placeholder === undefined;
    const parsed = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
    const problem =
      value === '' ? (required ? 'This is needed.' : null) : parsed === undefined ? 'Give a number.' : broken(options.rule, parsed);
    const { placeholder = '', unit = '' } = options;
    this.#add({ kind: 'text', ...this.#common(name, options, problem), value, placeholder, input: 'number', unit, required });
    return problem === null ? parsed : undefined;
  }

  /** Empty: nothing can be chosen. */
  choice(name: string, options: ChoiceOptions): string {
    const usable = options.options.filter((option) => (option.refused ?? null) === null).map(({ value }) => value);
    const wanted = this.#string(name, options.initial ?? '');
    const value = usable.includes(wanted) ? wanted : (usable.find((each) => each === options.initial) ?? usable[0] ?? '');
    const problem = value === '' ? (options.none ?? 'There is nothing to choose.') : null;
    this.#add({
      kind: 'choice',
      ...this.#common(name, options, problem),
      value,
      style: options.style ?? 'select',
      options: options.options.map(whole),
    });
    return value;
  }

  several(name: string, options: Labelled & { options: readonly Option[]; initial?: readonly string[]; none?: string }): string[] {
    const usable = options.options.filter((option) => (option.refused ?? null) === null).map(({ value }) => value);
    const given = this.#values[name];
    const value = (Array.isArray(given) ? given : (options.initial ?? [])).filter((each) => usable.includes(each));
    const problem =
      value.length > 0 ? null : usable.length === 0 ? (options.none ?? 'There is nothing to choose.') : 'Choose at least one.';
    this.#add({ kind: 'several', ...this.#common(name, options, problem), value, options: options.options.map(whole) });
    return value;
  }

  flag(name: string, options: Labelled & { initial?: boolean; wrong?: (value: boolean) => string | null }): boolean {
    const given = this.#values[name];
    const value = typeof given === 'boolean' ? given : (options.initial ?? false);
    this.#add({ kind: 'flag', ...this.#common(name, options, options.wrong?.(value) ?? null), value });
    return value;
  }

  fact(name: string, value: string, options: Labelled): void {
    this.#add({ kind: 'fact', ...this.#common(name, options, null), value });
  }

  note(severity: Form['notes'][number]['severity'], text: string): void {
    this.#notes.push({ severity, text });
  }

  /** @param action asked for only when no field is wrong */
  end(texts: { title: string; intro: string }, action: () => ActionInput): Form {
    return {
      form: this.#form,
      ...texts,
      groups: this.#groups.filter(({ fields }) => fields.length > 0),
      notes: this.#notes,
      action: this.#isWhole ? Action.parse(action()) : null,
    };
  }

  #string(name: string, initial: string): string {
    const given = this.#values[name];
    return typeof given === 'string' ? given : initial;
  }

  #common(name: string, { label, help = '' }: Labelled, problem: string | null) {
    if (problem !== null) this.#isWhole = false;
    return { name, label, help, problem };
  }

  #add(field: Field): void {
    if (this.#groups.length === 0) this.group('');
    this.#groups.at(-1)?.fields.push(field);
  }
}

function whole(option: Option): { value: string; text: string; hint: string; refused: string | null } {
  return { hint: '', refused: null, ...option };
}

function broken(rule: z.ZodType | undefined, value: unknown): string | null {
  const parsed = rule?.safeParse(value);
  return parsed === undefined || parsed.success ? null : (parsed.error.issues[0]?.message ?? 'This does not fit.');
}
