import { GemelError } from '../api/errors.ts';
import type { Bytes, Key } from './bytes.ts';
import { appendName, emptySubscript, nameEnd, nameOf } from './key.ts';
import { intoRange, scanNumber } from './number.ts';
import {
  appendDecimal,
  appendPlainInteger,
  appendSubscript,
  builder,
  decodeSubscript,
  isNumberAt,
  isPlainInteger,
  subscriptEnd,
} from './subscript.ts';

/** How an extended reference was written: `^|"NS"|x` or `^["NS"]x`. */
export type Bracket = '|' | '[';

/** Where an extended reference points. Names as they were written: whoever looks them up folds their case. */
export type Environment =
  | { readonly kind: 'namespace'; readonly namespace: Bytes; readonly bracket: Bracket }
  | { readonly kind: 'directory'; readonly directory: Bytes; readonly bracket: Bracket }
  | { readonly kind: 'mirror'; readonly mirror: Bytes; readonly database: Bytes; readonly bracket: Bracket };

export interface Reference {
  /** null: the current namespace */
  readonly environment: Environment | null;
  /** May end in an empty subscript (the start or end of its level); `nodeKey` refuses that. */
  readonly key: Key;
}

const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const CARET = 0x5e;
const BAR = 0x7c;
const DIRECTORY_MARK = '^^';
const MIRROR_MARK = ':mirror:';

/**
 * Parses `^name(subscripts)`, with an optional extended reference, straight into a key.
 * @throws GemelError SYNTAX (with the position and what was expected there), SUBSCRIPT
 */
export function parseReference(text: Bytes): Reference {
  return new ReferenceParser(text).parse();
}

class ReferenceParser {
  private readonly text: Bytes;
  private at = 0;

  constructor(text: Bytes) {
    this.text = text;
  }

  parse(): Reference {
    this.expect(CARET, '^');
    const c = this.text.charCodeAt(1);
    const environment = c === BAR || c === BRACKET ? this.environment(c) : null;
    builder.start();
    this.name();
    if (this.at < this.text.length) this.subscripts();
    return { environment, key: builder.key() };
  }

  private name(): void {
    const end = nameEnd(this.text, this.at);
    if (end === this.at) throw this.error('the name of a global');
    appendName(builder, this.text, this.at, end);
    this.at = end;
  }

  private subscripts(): void {
    this.expect(OPEN, '( or the end');
    this.subscript();
    while (this.text.charCodeAt(this.at) === COMMA) {
      this.at++;
      if (builder.endsEmpty) throw emptySubscript();
      this.subscript();
    }
    this.expect(CLOSE, ', or )');
    if (this.at < this.text.length) throw this.error('the end');
  }

  private subscript(): void {
    const c = this.text.charCodeAt(this.at);
    if (c === QUOTE) this.string();
    else if ((c >= 0x30 && c <= 0x39) || c === MINUS || c === PLUS || c === POINT) this.number();
    else throw this.error('a number or a string in double quotes');
  }

  private string(): void {
    const start = this.at + 1;
    const close = this.text.indexOf('"', start);
    if (close < 0 || this.text.charCodeAt(close + 1) === QUOTE) {
      const content = this.quoted();
      appendSubscript(builder, content, 0, content.length);
    } else {
      appendSubscript(builder, this.text, start, close);
      this.at = close + 1;
    }
  }

  private number(): void {
    const start = this.at;
    let end = start;
    for (let c = this.text.charCodeAt(end); c >= 0x30 && c <= 0x39; c = this.text.charCodeAt(end)) end++;
    const after = this.text.charCodeAt(end);
    if ((after === COMMA || after === CLOSE) && isPlainInteger(this.text, start, end)) {
      this.at = end;
      appendPlainInteger(builder, this.text, start, end);
      builder.check();
      return;
    }
    const scanned = scanNumber(this.text, start);
    if (scanned === undefined) throw this.error('a number');
    this.at = scanned.end;
    appendDecimal(builder, intoRange(scanned.decimal, 'SUBSCRIPT'));
    builder.check();
  }

  /** A string in double quotes; a quote inside it stands twice. */
  private quoted(): Bytes {
    let content = '';
    let start = this.at + 1;
    for (;;) {
      const close = this.text.indexOf('"', start);
      if (close < 0) {
        this.at = this.text.length;
        throw this.error('a closing double quote');
      }
      content += this.text.slice(start, close);
      this.at = close + 1;
      if (this.text.charCodeAt(this.at) !== QUOTE) return content;
      content += '"';
      start = this.at + 1;
    }
  }

  private environment(open: number): Environment {
    this.at = 2;
    if (this.text.charCodeAt(this.at) !== QUOTE) throw this.error('a namespace, directory or mirror database in double quotes');
    const content = this.quoted();
    if (open === BAR) this.expect(BAR, '|');
    else this.expect(BRACKET_END, ']');
    return environmentOf(content, open === BAR ? '|' : '[');
  }

  private expect(code: number, expected: string): void {
    if (this.text.charCodeAt(this.at) !== code) throw this.error(expected);
    this.at++;
  }

  private error(expected: string): GemelError {
    const where = this.at < this.text.length ? `at position ${this.at + 1}` : 'at the end';
    return new GemelError(
      'SYNTAX',
      `The reference is not right ${where}: ${expected} is expected there.`,
      'Nothing was changed.',
      'Write it like ^acct(1,"bal").',
    );
  }
}

function environmentOf(content: Bytes, bracket: Bracket): Environment {
  if (content.startsWith(DIRECTORY_MARK) && content.length > DIRECTORY_MARK.length) {
    return { kind: 'directory', directory: content.slice(DIRECTORY_MARK.length), bracket };
  }
  if (content.startsWith(':')) return mirrorEnvironment(content, bracket);
  if (content === '' || content.includes('^')) {
    throw new GemelError(
      'SYNTAX',
      'The extended reference names no namespace, directory or mirror database.',
      'Nothing was changed.',
      'Write "NAMESPACE", "^^directory" or ":mirror:MIRROR:DATABASE".',
    );
  }
  return { kind: 'namespace', namespace: content, bracket };
}

function mirrorEnvironment(content: Bytes, bracket: Bracket): Environment {
  const rest = content.slice(MIRROR_MARK.length);
  const colon = rest.indexOf(':');
  const wellFormed =
    content.slice(0, MIRROR_MARK.length).toLowerCase() === MIRROR_MARK &&
    colon > 0 &&
    colon === rest.lastIndexOf(':') &&
    colon < rest.length - 1;
  if (!wellFormed) {
    throw new GemelError(
      'SYNTAX',
      'The extended reference names no mirror database.',
      'Nothing was changed.',
      'Write ":mirror:MIRROR:DATABASE".',
    );
  }
  return { kind: 'mirror', mirror: rest.slice(0, colon), database: rest.slice(colon + 1), bracket };
}

/** The text that `parseReference` reads as the same: numbers bare, strings quoted, other bytes as they are. */
export function formatReference(environment: Environment | null, key: Key): Bytes {
  const name = nameOf(key);
  let text = `^${environment === null ? '' : formatEnvironment(environment)}${name}`;
  let separator = '(';
  for (let at = name.length + 1; at < key.length;) {
    const end = subscriptEnd(key, at);
    const subscript = decodeSubscript(key, at, end);
    text += separator + (isNumberAt(key, at) ? subscript : quote(subscript));
    separator = ',';
    at = end;
  }
  return separator === '(' ? text : `${text})`;
}

function formatEnvironment(environment: Environment): Bytes {
  return environment.bracket === '|' ? `|${quote(environmentText(environment))}|` : `[${quote(environmentText(environment))}]`;
}

function environmentText(environment: Environment): Bytes {
  switch (environment.kind) {
    case 'namespace':
      return environment.namespace;
    case 'directory':
      return DIRECTORY_MARK + environment.directory;
    case 'mirror':
      return `${MIRROR_MARK}${environment.mirror}:${environment.database}`;
  }
}

function quote(text: Bytes): Bytes {
  return text.includes('"') ? `"${text.replaceAll('"', '""')}"` : `"${text}"`;
}
