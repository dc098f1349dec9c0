import type { Bytes } from '../globals/index.ts';

/**
 * Redis' patterns: `*`, `?`, `[a-z]`, `[^a]` and a backslash before a character meant literally. Matched by going back
 * to the last star only, so that no pattern takes more than length times length steps.
 */
export function glob(pattern: Bytes): (key: Bytes) => boolean {
  const parts = patternParts(pattern);
  return (key) => {
    let part = 0;
    let star = -1;
    let retry = 0;
    let at = 0;
    while (at < key.length) {
      const expected = parts[part];
      if (expected === '*') {
        star = part++;
        retry = at;
      } else if (expected?.(key.charCodeAt(at)) === true) {
        part++;
        at++;
      } else if (star >= 0) {
        part = star + 1;
        at = ++retry;
      } else return false;
    }
    while (parts[part] === '*') part++;
    return part === parts.length;
  };
}

type PatternPart = '*' | ((code: number) => boolean);

function patternParts(pattern: Bytes): PatternPart[] {
  const parts: PatternPart[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const c = pattern[at];
    if (c === '*') parts.push('*');
    else if (c === '?') parts.push(() => true);
    else if (c === '[') {
      const end = Math.max(pattern.indexOf(']', at + 2), at + 1);
      parts.push(characterClass(pattern.slice(at + 1, end)));
      at = end;
    } else {
      if (c === '\\' && at + 1 < pattern.length) at++;
      const literal = pattern.charCodeAt(at);
      parts.push((code) => code === literal);
    }
  }
  return parts;
}

function characterClass(text: Bytes): (code: number) => boolean {
  const negated = text.startsWith('^');
  const ranges: [number, number][] = [];
  for (let at = negated ? 1 : 0; at < text.length; at++) {
    const from = text.charCodeAt(at);
    const isRange = text[at + 1] === '-' && at + 2 < text.length;
    const to = isRange ? text.charCodeAt(at + 2) : from;
    if (isRange) at += 2;
    ranges.push([Math.min(from, to), Math.max(from, to)]);
  }
  return (code) => ranges.some(([low, high]) => code >= low && code <= high) !== negated;
}
