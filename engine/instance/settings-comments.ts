/** Comments of an INI file that is written anew: each stays with the line that it stood above. */

interface Block {
  /** Comments, and empty lines between and after them. */
  readonly lines: readonly string[];
  /** What stands below: a section or a key in one, and which of the same name; null: the end of the section. */
  readonly above: string | null;
  readonly section: string;
}

interface Line {
  readonly text: string;
  /** Names the line in its file whatever its value: `[Section]`, or section and key; null: a comment or an empty line. */
  readonly name: string | null;
  readonly section: string;
}

/** The text `after` with the comments of `before`. Those of a line that is gone stand at the end of its section, those of a section that is gone at the end. */
export function keepComments(before: string, after: string): string {
  const blocks = blocksOf(linesOf(before));
  const lines = linesOf(after.replace(/\n+$/, ''));
  const names = new Set(lines.map((line) => line.name));
  const above = new Map<string, string[]>();
  const atEnd = new Map<string, string[]>();
  for (const block of blocks) {
    const stays = block.above !== null && names.has(block.above);
    const at = stays ? above : atEnd;
    const key = stays ? (block.above ?? '') : names.has(`[${block.section}]`) ? block.section : '';
    at.set(key, [...(at.get(key) ?? []), ...(stays ? block.lines : withoutEmptyEnd(block.lines))]);
  }
  const out: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.name !== null) out.push(...(above.get(line.name) ?? []));
    out.push(line.text);
    const ends = line.section !== '' && line.name !== null && endsSection(lines, index);
    if (ends) out.push(...(atEnd.get(line.section) ?? []));
  }
  const orphans = atEnd.get('') ?? [];
  return `${[...out, ...(orphans.length === 0 ? [] : ['', ...orphans])].join('\n')}\n`;
}

function endsSection(lines: readonly Line[], index: number): boolean {
  const next = lines.slice(index + 1).find((line) => line.name !== null);
  return next === undefined || next.name?.startsWith('[') === true;
}

function withoutEmptyEnd(lines: readonly string[]): string[] {
  const last = lines.findLastIndex((line) => line !== '');
  return lines.slice(0, last + 1);
}

function linesOf(text: string): Line[] {
  let section = '';
  const seen = new Map<string, number>();
  return text.split(/\r?\n/).map((raw) => {
    const line = raw.trim();
    if (line === '' || isComment(line)) return { text: line, name: null, section };
    const header = /^\[([^\][]+)\]$/.exec(line)?.[1];
    if (header !== undefined) section = header.trim();
    const key = `${section}\n${(line.split('=', 1)[0] ?? '').trim()}`;
    const name = header === undefined ? key : `[${section}]`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return { text: raw, name: times === 1 ? name : `${name}\n${times}`, section };
  });
}

function blocksOf(lines: readonly Line[]): Block[] {
  const blocks: Block[] = [];
  let open: string[] = [];
  let afterKey = false;
  for (const [index, { text, name }] of lines.entries()) {
    if (name === null) {
      if (open.length === 0) afterKey = text !== '' && lines[index - 1]?.name?.startsWith('[') === false;
      if (text !== '' || open.length > 0) open.push(text);
      continue;
    }
    const section = lines[index - 1]?.section ?? '';
    // What stands right below a section's last key and apart from the next section belongs to the former.
    const apart = afterKey && name.startsWith('[') ? open.indexOf('') : -1;
    if (apart > 0) blocks.push({ lines: open.splice(0, apart + 1).slice(0, apart), above: null, section });
    const trailing = trailingComment(text);
    if (trailing !== null) open.push(trailing);
    if (open.length > 0) blocks.push({ lines: open, above: name, section });
    open = [];
    afterKey = false;
  }
  const rest = withoutEmptyEnd(open);
  if (rest.length > 0) blocks.push({ lines: rest, above: null, section: lines.at(-1)?.section ?? '' });
  return blocks;
}

function isComment(line: string): boolean {
  return line.startsWith(';') || line.startsWith('#');
}

/** What follows a bare value on its line; it gets a line of its own. Null: nothing. */
function trailingComment(line: string): string | null {
  const value = line.slice(line.indexOf('=') + 1).trim();
  if (!line.includes('=') || /^(".*"|'.*')$/.test(value)) return null;
  return /^(?:\\.|[^\\;#])*([;#].*)$/.exec(value)?.[1]?.trim() ?? null;
}
