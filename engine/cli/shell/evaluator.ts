import type { RespClient, RespValue } from '../resp-client.ts';
import { add, compare, divide, multiply, negate, numeric, subtract } from './arithmetic.ts';
import {
  ShellError,
  type BinaryOperator,
  type Expression,
  type GlobalReference,
  type LockRequest,
  type Place,
  type ShellCommand,
} from './syntax.ts';

/** Nodes asked for at a time by ZWrite. */
const PAGE_NODES = 1000;

/** Runs commands on one connection, and keeps what belongs to the session: local variables, locks, the namespace. */
export class Evaluator {
  readonly #server: RespClient;
  readonly #print: (text: string) => void;
  readonly #freshLine: () => void;
  readonly #locals = new Map<string, string>();
  /** Locks held, one entry for each time. */
  readonly #locks: string[] = [];
  #namespace = '';
  #level = 0;
  #test = '0';

  /** @param freshLine puts what is printed next at the beginning of a line */
  constructor(server: RespClient, print: (text: string) => void, freshLine: () => void) {
    this.#server = server;
    this.#print = print;
    this.#freshLine = freshLine;
  }

  get namespace(): string {
    return this.#namespace;
  }

  /** Transaction level. */
  get level(): number {
    return this.#level;
  }

  async useNamespace(name: string): Promise<void> {
    await this.#server.command('NAMESPACE', name);
    this.#namespace = name.toUpperCase();
  }

  /** Returns false when the shell is to end. Throws ShellError or RespError. */
  async run(command: ShellCommand): Promise<boolean> {
    switch (command.kind) {
      case 'set':
        for (const { places, value } of command.assignments) await this.#assign(places, await this.#value(value));
        return true;
      case 'kill':
        await this.#kill(command.places, 'GKILL');
        return true;
      case 'zkill':
        await this.#kill(command.places, 'GZKILL');
        return true;
      case 'write':
        for (const item of command.items) this.#print(item === 'newline' ? '\n' : await this.#value(item));
        return true;
      case 'zwrite':
        await this.#zwrite(command.places);
        return true;
      case 'merge':
        for (const { to, from } of command.pairs)
          await this.#server.command('GMERGE', await this.#reference(to), await this.#reference(from));
        return true;
      case 'lock':
        await this.#lock(command.requests);
        return true;
      case 'tstart':
        this.#level = Number(await this.#server.command('TSTART'));
        return true;
      case 'tcommit':
        this.#level = Number(await this.#server.command('TCOMMIT'));
        return true;
      case 'trollback':
        this.#level = Number(
          await this.#server.command('TROLLBACK', ...(command.levels === null ? [] : [await this.#value(command.levels)])),
        );
        return true;
      case 'namespace':
        await this.useNamespace(await this.#value(command.name));
        return true;
      case 'halt':
        return false;
    }
  }

  async #assign(places: readonly Place[], value: string): Promise<void> {
    for (const place of places) {
      if (place.kind === 'local') this.#locals.set(place.name, value);
      else await this.#server.command('GSET', await this.#reference(place), value);
    }
  }

  async #kill(places: readonly Place[], how: 'GKILL' | 'GZKILL'): Promise<void> {
    if (places.length === 0) this.#locals.clear();
    for (const place of places) {
      if (place.kind === 'local') this.#locals.delete(place.name);
      else await this.#server.command(how, await this.#reference(place));
    }
  }

  async #zwrite(places: readonly Place[]): Promise<void> {
    this.#freshLine();
    if (places.length === 0) for (const [name, value] of [...this.#locals].sort()) this.#print(`${name}=${quoted(value)}\n`);
    for (const place of places) {
      if (place.kind === 'local') this.#print(`${place.name}=${quoted(this.#local(place.name))}\n`);
      else await this.#zwriteGlobal(await this.#reference(place));
    }
  }

  async #zwriteGlobal(reference: string): Promise<void> {
    let cursor = '0';
    do {
      const page = asArray(await this.#server.command('GSCAN', reference, 'CURSOR', cursor, 'COUNT', String(PAGE_NODES)));
      cursor = asText(page[0]);
      const nodes = asArray(page[1]);
      for (let at = 0; at < nodes.length; at += 2) this.#print(`${asText(nodes[at])}=${quoted(asText(nodes[at + 1]))}\n`);
    } while (cursor !== '0');
  }

  async #lock(requests: readonly LockRequest[]): Promise<void> {
    if (requests.length === 0) await this.#unlockAll();
    for (const { mode, reference, timeoutSeconds } of requests) {
      const text = await this.#reference(reference);
      if (mode === '-') {
        await this.#unlock(text);
        continue;
      }
      if (mode === '') await this.#unlockAll();
      const timeout =
        timeoutSeconds === null ? [] : [String(Math.max(0, Math.round(Number(numeric(await this.#value(timeoutSeconds))) * 1000)))];
      const got = await this.#server.command('GLOCK', text, 'X', ...timeout);
      if (got === 1) this.#locks.push(text);
      if (timeoutSeconds !== null) this.#test = got === 1 ? '1' : '0';
    }
  }

  async #unlock(reference: string): Promise<void> {
    await this.#server.command('GUNLOCK', reference);
    const at = this.#locks.lastIndexOf(reference);
    if (at >= 0) this.#locks.splice(at, 1);
  }

  async #unlockAll(): Promise<void> {
    for (const reference of [...this.#locks].reverse()) await this.#unlock(reference);
  }

  async #value(expression: Expression): Promise<string> {
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'local':
        return this.#local(expression.name);
      case 'global':
        return this.#node(expression);
      case 'unary':
        return unary(expression.operator, await this.#value(expression.operand));
      case 'binary':
        return binary(expression.operator, await this.#value(expression.left), await this.#value(expression.right));
      case 'special':
        return this.#special(expression.name);
      case 'function':
        return this.#function(expression);
    }
  }

  #local(name: string): string {
    const value = this.#locals.get(name);
    if (value === undefined) throw new ShellError('UNDEFINED', `The variable ${name} has no value.`);
    return value;
  }

  async #node(reference: GlobalReference): Promise<string> {
    const text = await this.#reference(reference);
    const value = await this.#server.command('GGET', text);
    if (value === null) throw new ShellError('UNDEFINED', `${text} has no value.`);
    return asText(value);
  }

  #special(name: '$TLEVEL' | '$TEST' | '$ZNSPACE'): string {
    if (name === '$TEST') return this.#test;
    return name === '$TLEVEL' ? String(this.#level) : this.#namespace;
  }

  async #function({ name, place, rest }: Extract<Expression, { kind: 'function' }>): Promise<string> {
    const [first] = rest;
    if (place.kind === 'local') return this.#localFunction(name, place.name, first);
    const text = await this.#reference(place);
    switch (name) {
      case '$GET':
        return asText((await this.#server.command('GGET', text)) ?? (first === undefined ? '' : await this.#value(first)));
      case '$DATA':
        return asText(await this.#server.command('GDATA', text));
      case '$ORDER':
        return asText(await this.#server.command('GORDER', text, ...(first === undefined ? [] : [await this.#value(first)])));
      case '$QUERY':
        return asText(await this.#server.command('GQUERY', text));
      case '$INCREMENT':
        return asText(await this.#server.command('GINCR', text, ...(first === undefined ? [] : [await this.#value(first)])));
    }
  }

  async #localFunction(name: string, variable: string, first: Expression | undefined): Promise<string> {
    const value = this.#locals.get(variable);
    if (name === '$GET') return value ?? (first === undefined ? '' : this.#value(first));
    if (name === '$DATA') return value === undefined ? '0' : '1';
    if (name !== '$INCREMENT') throw new ShellError('SYNTAX', `${name} needs a global: local variables have no subscripts here.`);
    const increased = add(value ?? '', first === undefined ? '1' : await this.#value(first));
    this.#locals.set(variable, increased);
    return increased;
  }

  /** The reference as text. */
  async #reference({ environment, name, subscripts }: GlobalReference): Promise<string> {
    const where = environment === null ? '' : `|${quoted(await this.#value(environment))}|`;
    const values: string[] = [];
    for (const subscript of subscripts) values.push(subscriptText(await this.#value(subscript)));
    return `^${where}${name}${values.length === 0 ? '' : `(${values.join(',')})`}`;
  }
}

function unary(operator: '+' | '-' | "'", value: string): string {
  if (operator === '+') return numeric(value);
  if (operator === '-') return negate(value);
  return truth(numeric(value) === '0');
}

function binary(operator: BinaryOperator, left: string, right: string): string {
  switch (operator) {
    case '+':
      return add(left, right);
    case '-':
      return subtract(left, right);
    case '*':
      return multiply(left, right);
    case '/':
      return divide(left, right);
    case '_':
      return left + right;
    case '=':
      return truth(left === right);
    case '<':
      return truth(compare(left, right) < 0);
    case '>':
      return truth(compare(left, right) > 0);
  }
}

function truth(value: boolean): string {
  return value ? '1' : '0';
}

function subscriptText(value: string): string {
  return numeric(value) === value ? value : quoted(value);
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function asText(value: RespValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function asArray(value: RespValue | undefined): readonly RespValue[] {
  return typeof value === 'object' && value !== null ? value : [];
}
