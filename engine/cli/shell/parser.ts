import {
  ShellError,
  type BinaryOperator,
  type Expression,
  type FunctionName,
  type GlobalReference,
  type LockRequest,
  type Place,
  type ShellCommand,
  type SpecialName,
} from './syntax.ts';

const NAME = /[%A-Za-z][A-Za-z0-9]*/y;
const GLOBAL_NAME = /[%A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?/y;
const WORD = /[A-Za-z]+/y;
const BINARY = /[-+*/_=<>]/y;

const FUNCTIONS: Readonly<Record<string, FunctionName>> = {
  $G: '$GET',
  $GET: '$GET',
  $D: '$DATA',
  $DATA: '$DATA',
  $O: '$ORDER',
  $ORDER: '$ORDER',
  $Q: '$QUERY',
  $QUERY: '$QUERY',
  $I: '$INCREMENT',
  $INCREMENT: '$INCREMENT',
};
const SPECIALS: Readonly<Record<string, SpecialName>> = {
  $TL: '$TLEVEL',
  $TLEVEL: '$TLEVEL',
  $T: '$TEST',
  $TEST: '$TEST',
  $ZNSPACE: '$ZNSPACE',
  $NAMESPACE: '$ZNSPACE',
};

/** Most arguments that a function takes after its place. */
const REST_MAX: Readonly<Record<FunctionName, number>> = { $GET: 1, $DATA: 0, $ORDER: 1, $QUERY: 0, $INCREMENT: 1 };

type CommandParser = (parser: LineParser) => ShellCommand;

const COMMANDS: Readonly<Record<string, CommandParser>> = commandTable([
  [['S', 'SET'], (p) => ({ kind: 'set', assignments: p.list(() => p.assignment()) })],
  [['K', 'KILL'], (p) => ({ kind: 'kill', places: p.optionalList(() => p.place()) })],
  [['ZK', 'ZKILL'], (p) => ({ kind: 'zkill', places: p.list(() => p.place()) })],
  [['W', 'WRITE'], (p) => ({ kind: 'write', items: p.list(() => p.writeItem()) })],
  [['ZW', 'ZWRITE'], (p) => ({ kind: 'zwrite', places: p.optionalList(() => p.place()) })],
  [['M', 'MERGE'], (p) => ({ kind: 'merge', pairs: p.list(() => p.mergePair()) })],
  [['L', 'LOCK'], (p) => ({ kind: 'lock', requests: p.optionalList(() => p.lockRequest()) })],
  [['TS', 'TSTART'], () => ({ kind: 'tstart' })],
  [['TC', 'TCOMMIT'], () => ({ kind: 'tcommit' })],
  [['TRO', 'TROLLBACK'], (p) => ({ kind: 'trollback', levels: p.optionalLevels() })],
  [['ZN', 'ZNSPACE'], (p) => ({ kind: 'namespace', name: p.expression() })],
  [['H', 'HALT', 'Q', 'QUIT'], () => ({ kind: 'halt' })],
]);

function commandTable(entries: readonly (readonly [readonly string[], CommandParser])[]): Readonly<Record<string, CommandParser>> {
  return Object.fromEntries(entries.flatMap(([names, parse]) => names.map((name) => [name, parse])));
}

/** Parses one line of commands. Throws ShellError SYNTAX saying where and what was expected. */
export function parseLine(line: string): ShellCommand[] {
  const parser = new LineParser(line);
  const commands: ShellCommand[] = [];
  while (parser.more()) commands.push(parser.command());
  return commands;
}

/**
 * Operators are taken from left to right without precedence, as the language has it. Spaces may stand around operators
 * and commas; a command without arguments is followed by the end, a comment or two spaces.
 */
class LineParser {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  more(): boolean {
    this.#spaces();
    return this.#at < this.#line.length && !this.#looksAt(';');
  }

  command(): ShellCommand {
    const start = this.#at;
    const word = this.#match(WORD);
    const parse = word === undefined ? undefined : COMMANDS[word.toUpperCase()];
    if (word === undefined || parse === undefined) {
      this.#at = start;
      throw this.#expected(`a command (${word === undefined ? 'Set, Write, Kill ...' : `${word} is none`})`);
    }
    if (this.#at < this.#line.length && !/[\s;]/.test(this.#line.charAt(this.#at))) throw this.#expected('a space after the command');
    return parse(this);
  }

  list<T>(item: () => T): T[] {
    this.#spaces();
    const items = [item()];
    while (this.#accept(',')) items.push(item());
    return items;
  }

  optionalList<T>(item: () => T): T[] {
    return this.#noArguments() ? [] : this.list(item);
  }

  optionalLevels(): Expression | null {
    return this.#noArguments() || !/^ \d/.test(this.#line.slice(this.#at)) ? null : this.expression();
  }

  #noArguments(): boolean {
    return /^(\s*$|\s*;|\s\s)/.test(this.#line.slice(this.#at));
  }

  assignment(): { places: Place[]; value: Expression } {
    this.#spaces();
    const places = this.#accept('(') ? this.#closing(this.list(() => this.place())) : [this.place()];
    if (!this.#accept('=')) throw this.#expected('=');
    return { places, value: this.expression() };
  }

  #closing<T>(value: T): T {
    if (!this.#accept(')')) throw this.#expected(')');
    return value;
  }

  writeItem(): Expression | 'newline' {
    return this.#accept('!') ? 'newline' : this.expression();
  }

  mergePair(): { to: GlobalReference; from: GlobalReference } {
    const to = this.#global();
    if (!this.#accept('=')) throw this.#expected('=');
    return { to, from: this.#global() };
  }

  lockRequest(): LockRequest {
    const mode = this.#accept('+') ? '+' : this.#accept('-') ? '-' : '';
    const reference = this.#global();
    return { mode, reference, timeoutSeconds: this.#accept(':') ? this.expression() : null };
  }

  place(): Place {
    this.#spaces();
    if (this.#looksAt('^')) return this.#global();
    const name = this.#match(NAME);
    if (name === undefined) throw this.#expected('a variable or a global such as ^x(1)');
    if (this.#looksAt('('))
      throw new ShellError('SYNTAX', `Local variables have no subscripts here (position ${this.#at + 1}); use a global.`);
    return { kind: 'local', name };
  }

  expression(): Expression {
    let left = this.#operand();
    for (;;) {
      const before = this.#at;
      this.#spaces();
      const operator = this.#match(BINARY) as BinaryOperator | undefined;
      if (operator === undefined) {
        this.#at = before;
        return left;
      }
      left = { kind: 'binary', operator, left, right: this.#operand() };
    }
  }

  #operand(): Expression {
    this.#spaces();
    const c = this.#line.charAt(this.#at);
    if (c === '+' || c === '-' || c === "'") {
      this.#at++;
      return { kind: 'unary', operator: c, operand: this.#operand() };
    }
    if (this.#accept('(')) return this.#closing(this.expression());
    if (c === '"') return { kind: 'literal', value: this.#string() };
    if (c === '$') return this.#dollar();
    const number = this.#match(NUMBER);
    // A sign in front makes it a number of canonical form.
    if (number !== undefined) return { kind: 'unary', operator: '+', operand: { kind: 'literal', value: number } };
    if (c === '^' || /[%A-Za-z]/.test(c)) return this.place();
    throw this.#expected('a value');
  }

  #dollar(): Expression {
    const start = this.#at++;
    const word = `$${this.#match(WORD) ?? ''}`.toUpperCase();
    if (!this.#looksAt('(')) {
      const special = SPECIALS[word];
      if (special !== undefined) return { kind: 'special', name: special };
    }
    const name = FUNCTIONS[word];
    this.#at = name === undefined ? start : this.#at;
    if (name === undefined) throw this.#expected(`a function ($Get, $Data, $Order, $Query or $Increment; ${word} is none)`);
    if (!this.#accept('(')) throw this.#expected('(');
    const place = this.place();
    const rest: Expression[] = [];
    while (rest.length < REST_MAX[name] && this.#accept(',')) rest.push(this.expression());
    return this.#closing({ kind: 'function', name, place, rest });
  }

  #global(): GlobalReference {
    if (!this.#accept('^')) throw this.#expected('a global such as ^x(1)');
    const environment = this.#environment();
    const name = this.#match(GLOBAL_NAME);
    if (name === undefined) throw this.#expected('the name of a global');
    if (!this.#looksAt('(')) return { kind: 'global', environment, name, subscripts: [] };
    this.#at++;
    return { kind: 'global', environment, name, subscripts: this.#closing(this.list(() => this.expression())) };
  }

  #environment(): Expression | null {
    const bracket = this.#line.charAt(this.#at);
    if (bracket !== '|' && bracket !== '[') return null;
    this.#at++;
    const environment = this.expression();
    if (!this.#accept(bracket === '|' ? '|' : ']')) throw this.#expected(bracket === '|' ? '|' : ']');
    return environment;
  }

  /** A string in quotes; doubled quotes stand for one. */
  #string(): string {
    const match = this.#match(/"((?:[^"]|"")*)"/y);
    if (match === undefined) throw this.#expected('the closing quote of the string');
    return match.slice(1, -1).replaceAll('""', '"');
  }

  #spaces(): void {
    while (this.#looksAt(' ') || this.#looksAt('\t')) this.#at++;
  }

  #looksAt(text: string): boolean {
    return this.#line.startsWith(text, this.#at);
  }

  /** Takes a sign of punctuation, with spaces before it. */
  #accept(text: string): boolean {
    const before = this.#at;
    this.#spaces();
    if (this.#looksAt(text)) {
      this.#at++;
      return true;
    }
    this.#at = before;
    return false;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#line)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #expected(what: string): ShellError {
    return new ShellError('SYNTAX', `At position ${this.#at + 1} ${what} was expected.`);
  }
}
