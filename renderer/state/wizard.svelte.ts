import { SvelteSet } from 'svelte/reactivity';
import type { About, ConsoleClient, Field, Form, FormName, FormValue, FormValues, Problem } from '../../main/contract/index.ts';
import { ActionFlow } from './action.svelte.ts';
import { toProblem } from './problem.ts';

/** One wizard: its form as main sees it after each change, then the plan of what it comes to, then the job. */
export class WizardState {
  readonly #client: ConsoleClient;
  readonly #name: FormName;
  readonly #about: About;
  readonly flow: ActionFlow;
  form: Form | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  /** What was typed, ahead of what main has answered. */
  #values: FormValues = $state.raw({});
  /** Fields that were touched: what is wrong with the others is not said yet. */
  readonly #touched = new SvelteSet<string>();
  #isAsking = false;
  #isStale = false;
  #isClosed = false;
  #settled = Promise.resolve();

  constructor(client: ConsoleClient, name: FormName, about: About) {
    this.#client = client;
    this.#name = name;
    this.#about = about;
    this.flow = new ActionFlow(client);
    this.#settled = this.#ask(undefined);
  }

  get step(): 'settings' | 'plan' | 'progress' {
    const { phase, job } = this.flow;
    if (job !== null) return 'progress';
    return phase === 'closed' ? 'settings' : 'plan';
  }

  value(field: Field): FormValue {
    return this.#values[field.name] ?? field.value;
  }

  /** null: nothing to say of it now. */
  wrong(field: Field): string | null {
    return this.#touched.has(field.name) ? field.problem : null;
  }

  change(name: string, value: FormValue): void {
    this.#values = { ...this.#values, [name]: value };
    this.#isStale = true;
    if (!this.#isAsking) this.#settled = this.#askUntilFresh();
  }

  touch(name: string): void {
    this.#touched.add(name);
  }

  /** Shows the plan, or what is still wrong. @returns name of the first field that is wrong, null: none is */
  async next(): Promise<string | null> {
    await this.#settled;
    const fields = this.form?.groups.flatMap((group) => group.fields) ?? [];
    for (const { name } of fields) this.#touched.add(name);
    const action = this.form?.action ?? null;
    if (action === null) return fields.find(({ problem }) => problem !== null)?.name ?? null;
    await this.flow.open(action);
    return null;
  }

  back(): void {
    this.flow.close();
  }

  /** What was typed is needed no more once the job has begun. */
  async run(): Promise<void> {
    await this.flow.run();
    if (this.flow.phase === 'running') await this.forget();
  }

  async forget(): Promise<void> {
    try {
      await this.#client.call('form.forget', { form: this.#name, about: this.#about });
    } catch (error) {
      // The draft is found again next time; nothing else depends on it.
      console.error(error);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.flow.close();
  }

  async #askUntilFresh(): Promise<void> {
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false;
      await this.#ask(this.#values);
    }
  }

  async #ask(values: FormValues | undefined): Promise<void> {
    this.#isAsking = true;
    try {
      const form = await this.#client.call('form', { form: this.#name, about: this.#about, ...(values === undefined ? {} : { values }) });
      if (this.#isClosed) return;
      this.form = form;
      this.problem = null;
      // A draft that was left is gone on with as if it had been typed now.
      if (values === undefined) this.#values = { ...typed(form), ...this.#values };
    } catch (error) {
      this.problem = toProblem(error);
    } finally {
      this.#isAsking = false;
    }
  }
}

function typed(form: Form): FormValues {
  return Object.fromEntries(
    form.groups.flatMap(({ fields }) => fields.filter(({ kind }) => kind !== 'fact').map(({ name, value }) => [name, value])),
  );
}
