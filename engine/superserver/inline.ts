import type { Bytes } from '../globals/bytes.ts';

const ESCAPES = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['a', '\x07'],
]);

/**
 * Splits a line typed by a person into arguments. As in Redis an argument may stand in double quotes with escapes
 * (`"a\x00b"`) or in single quotes; unlike there a quote inside a word is an ordinary character, so that
 * `GGET ^acct(1,"bal")` needs no quoting of its own.
 * @returns undefined when a quote is not closed or something follows it without a space
 */
export function splitInline(line: Bytes): Bytes[] | undefined {
  const words: Bytes[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isSpace(line.charCodeAt(at))) at++;
    if (at >= line.length) return words;
    const quote = line[at];
    const word = quote === '"' || quote === "'" ? quoted(line, at, quote) : bare(line, at);
    if (word === undefined) return undefined;
    words.push(word.text);
    at = word.end;
  }
}

interface Word {
  text: Bytes;
  end: number;
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0;
}

function bare(line: Bytes, start: number): Word {
  let end = start;
  while (end < line.length && !isSpace(line.charCodeAt(end))) end++;
  return { text: line.slice(start, end), end };
}

function quoted(line: Bytes, start: number, quote: string): Word | undefined {
  let text = '';
  let at = start + 1;
  while (at < line.length) {
    const c = line[at] ?? '';
    if (c === quote) {
      const end = at + 1;
      return end >= line.length || isSpace(line.charCodeAt(end)) ? { text, end } : undefined;
    }
    if (c !== '\\' || at + 1 >= line.length) {
      text += c;
      at++;
      continue;
    }
    const escaped = unescape(line, at + 1, quote);
    text += escaped.text;
    at = escaped.end;
  }
  return undefined;
}

/** What follows a backslash; in single quotes only the quote itself can be escaped. */
function unescape(line: Bytes, at: number, quote: string): Word {
  const c = line[at] ?? '';
  if (quote === "'") return c === "'" ? { text: c, end: at + 1 } : { text: '\\', end: at };
  const hex = line.slice(at + 1, at + 3);
  if (c === 'x' && /^[0-9a-fA-F]{2}$/.test(hex)) return { text: String.fromCharCode(parseInt(hex, 16)), end: at + 3 };
  return { text: ESCAPES.get(c) ?? c, end: at + 1 };
}
