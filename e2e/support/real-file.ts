import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** One node to be: `^pkg(name, field) = text`. */
export interface Entry {
  readonly name: string;
  readonly field: string;
  readonly text: string;
}

export interface RealFile {
  readonly path: string;
  /** Each (name, field) once. */
  readonly entries: readonly Entry[];
}

const LISTS = '/var/lib/apt/lists';
const WORDS = '/usr/share/dict/words';

/** A real file of this machine, as far as `entriesMax` go; undefined when it has none of those we know. */
export function realFile(entriesMax: number): RealFile | undefined {
  const found = packagesIndex() ?? wordList() ?? unicodeNames();
  if (found === undefined) return undefined;
  const entries = new Map<string, Entry>();
  for (const entry of found.entries) {
    if (entries.size >= entriesMax) break;
    entries.set(JSON.stringify([entry.name, entry.field]), entry);
  }
  return { path: found.path, entries: [...entries.values()] };
}

interface Found {
  readonly path: string;
  readonly entries: Iterable<Entry>;
}

/** The largest index of Debian packages that apt keeps; it may be compressed. */
function packagesIndex(): Found | undefined {
  if (!fs.existsSync(LISTS)) return undefined;
  const files = fs.readdirSync(LISTS).filter((file) => /_Packages(\.\w+)?$/.test(file));
  const [largest] = files.map((file) => path.join(LISTS, file)).sort((a, b) => fs.statSync(b).size - fs.statSync(a).size);
  if (largest === undefined) return undefined;
  const isPlain = largest.endsWith('_Packages');
  const text = isPlain
    ? fs.readFileSync(largest, 'utf8')
    : execFileSync('/usr/lib/apt/apt-helper', ['cat-file', largest], { encoding: 'utf8', maxBuffer: 1024 * 1024 * 1024 });
  return { path: largest, entries: packages(text) };
}

function* packages(text: string): Generator<Entry> {
  for (const paragraph of text.split('\n\n')) {
    const name = /^Package: (.+)$/m.exec(paragraph)?.[1];
    if (name === undefined) continue;
    // A line that begins with a space goes on with the field before it.
    for (const [, field, value] of paragraph.matchAll(/^([A-Za-z0-9-]+): ?(.*(?:\n[ \t].*)*)/gm)) {
      if (field !== undefined && value !== undefined) yield { name, field, text: value };
    }
  }
}

function wordList(): Found | undefined {
  if (!fs.existsSync(WORDS)) return undefined;
  const words = fs
    .readFileSync(WORDS, 'utf8')
    .split('\n')
    .filter((word) => word !== '');
  return { path: WORDS, entries: words.map((name, n) => ({ name, field: 'line', text: `${n + 1} ${name}` })) };
}

/** Names of characters, with the characters themselves, from perl's Unicode data. */
function unicodeNames(): Found | undefined {
  const base = '/usr/share/perl';
  const versions = fs.existsSync(base) ? fs.readdirSync(base) : [];
  const file = versions.map((version) => path.join(base, version, 'unicore', 'Name.pl')).find((each) => fs.existsSync(each));
  if (file === undefined) return undefined;
  const lines = fs.readFileSync(file, 'utf8').matchAll(/^([0-9A-F]{4,6})\n(.+)$/gm);
  const entries = [...lines].map(([, code = '0', text = '']) => ({
    name: String.fromCodePoint(Number.parseInt(code, 16)),
    field: code,
    text,
  }));
  return { path: file, entries };
}
