import fc from 'fast-check';
import type { Bytes } from './bytes.ts';
import { decodeKey } from './key.ts';

/**
 * The naive model that the properties compare with: subscripts as text, compared by rules written independently of
 * the encoding, nodes in a plain array.
 */

/** The number times 10^200, where `text` is the canonical text of a number. */
export function canonicalScaled(text: Bytes): bigint | undefined {
  if (text === '0') return 0n;
  const match = /^(-?)(?:([1-9]\d*)?\.(\d*[1-9])|([1-9]\d*))$/.exec(text);
  if (match === null) return undefined;
  const whole = match[2] ?? match[4] ?? '';
  const fraction = match[3] ?? '';
  if ((whole + fraction).replace(/^0+/, '').replace(/0+$/, '').length > 18) return undefined;
  if (whole.length > 146) return undefined;
  if (whole === '' && /^0*/.exec(fraction)![0].length >= 128) return undefined;
  const size = BigInt(whole + fraction) * 10n ** BigInt(200 - fraction.length);
  return match[1] === '-' ? -size : size;
}

function compareText(a: Bytes, b: Bytes): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = a.charCodeAt(i) - b.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** '' first, then numbers by value, then strings by bytes. */
export function compareSubscripts(a: Bytes, b: Bytes): number {
  if (a === '' || b === '') return a.length - b.length;
  const [x, y] = [canonicalScaled(a), canonicalScaled(b)];
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : 0;
  if (x !== undefined) return -1;
  if (y !== undefined) return 1;
  return compareText(a, b);
}

/** [name, ...subscripts] */
export type Path = readonly Bytes[];

export function comparePaths(a: Path, b: Path): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = i === 0 ? compareText(a[i]!, b[i]!) : compareSubscripts(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

export function isUnder(path: Path, ancestor: Path): boolean {
  return ancestor.every((part, i) => path[i] === part);
}

/** The path of a key, for comparing what the operations return with the model. */
export function pathOf(key: Bytes): Path {
  const { name, subscripts } = decodeKey(key);
  return [name, ...subscripts];
}

/** A database as a sorted array. Every operation is the sentence that defines it, written as a filter. */
export class NaiveGlobals {
  nodes: { path: Path; value: Bytes }[] = [];

  get(path: Path): Bytes | undefined {
    return this.nodes.find((n) => comparePaths(n.path, path) === 0)?.value;
  }

  set(path: Path, value: Bytes): void {
    this.zkill(path);
    this.nodes.push({ path, value });
    this.nodes.sort((a, b) => comparePaths(a.path, b.path));
  }

  zkill(path: Path): void {
    this.nodes = this.nodes.filter((n) => comparePaths(n.path, path) !== 0);
  }

  kill(path: Path): void {
    this.nodes = this.nodes.filter((n) => !isUnder(n.path, path));
  }

  data(path: Path): number {
    const below = this.nodes.some((n) => isUnder(n.path, path) && n.path.length > path.length);
    return (this.get(path) === undefined ? 0 : 1) + (below ? 10 : 0);
  }

  order(path: Path, direction: 1 | -1): Bytes {
    const parent = path.slice(0, -1);
    const last = path[path.length - 1]!;
    const level = this.nodes.filter((n) => isUnder(n.path, parent) && n.path.length >= path.length).map((n) => n.path[path.length - 1]!);
    const wanted = level.filter((s) => last === '' || compareSubscripts(s, last) * direction > 0).sort(compareSubscripts);
    return (direction === 1 ? wanted[0] : wanted[wanted.length - 1]) ?? '';
  }

  query(path: Path): Path | undefined {
    return this.nodes.find((n) => n.path[0] === path[0] && comparePaths(n.path, path) > 0)?.path;
  }

  queryBack(path: Path): Path | undefined {
    const atEnd = path[path.length - 1] === '';
    const parent = path.slice(0, -1);
    return this.nodes.findLast((n) => n.path[0] === path[0] && (comparePaths(n.path, path) < 0 || (atEnd && isUnder(n.path, parent))))
      ?.path;
  }

  nextGlobal(name: Bytes, direction: 1 | -1): Bytes {
    const names = this.nodes.map((n) => n.path[0]!).filter((n) => name === '' || compareText(n, name) * direction > 0);
    return (direction === 1 ? names[0] : names[names.length - 1]) ?? '';
  }

  merge(to: Path, from: Path): void {
    for (const n of this.nodes.filter((node) => isUnder(node.path, from))) this.set([...to, ...n.path.slice(from.length)], n.value);
  }
}

const binary = (max: number): fc.Arbitrary<Bytes> =>
  fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: max }).map((codes) => String.fromCharCode(...codes));

const decimalText = fc
  .tuple(
    fc.constantFrom('', '-', '+', '--'),
    fc.stringMatching(/^[0-9]{0,22}$/),
    fc.constantFrom('', '.'),
    fc.stringMatching(/^[0-9]{0,8}$/),
  )
  .map((parts) => parts.join(''));

const longNumber = fc
  .tuple(fc.constantFrom('', '-'), fc.integer({ min: 1, max: 999 }), fc.integer({ min: 0, max: 150 }), fc.boolean())
  .map(([sign, digits, zeros, small]) => (small ? `${sign}.${'0'.repeat(zeros)}${digits}` : `${sign}${digits}${'0'.repeat(zeros)}`));

/** Subscripts of all kinds: numbers, what nearly looks like one, text, bytes. Never ''. */
export const subscriptArbitrary: fc.Arbitrary<Bytes> = fc
  .oneof(
    fc.integer({ min: -120, max: 1200 }).map(String),
    fc.maxSafeInteger().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(String),
    decimalText,
    longNumber,
    fc.constantFrom(
      '0',
      '-0',
      '1',
      '01',
      '1.0',
      '1.5',
      '.5',
      '-.5',
      '0.5',
      '-1',
      '+1',
      '1e3',
      '1E3',
      '-',
      '.',
      '-.',
      '\0',
      '\x01',
      '\0\x01',
      '\xff',
      'a',
      'a\0',
      'A"B',
    ),
    binary(6),
  )
  .filter((s) => s !== '');

/** Few different subscripts, so that random operations meet. */
export const closeSubscript: fc.Arbitrary<Bytes> = fc.constantFrom(
  '0',
  '1',
  '2',
  '10',
  '-1',
  '-2',
  '1.5',
  '-1.5',
  '.5',
  'a',
  'b',
  'a\0',
  '\0',
  '\x01',
  '\xff',
  '01',
  '"',
);

export const nameArbitrary: fc.Arbitrary<Bytes> = fc.stringMatching(/^%?[A-Za-z]([A-Za-z0-9.]{0,8}[A-Za-z0-9])?$/);
