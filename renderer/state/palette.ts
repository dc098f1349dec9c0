/** One thing the console can do, offered in the command palette. */
export interface Command {
  readonly id: string;
  readonly title: string;
  /** Where it belongs, shown beside the title. */
  readonly group: string;
  /** Further words it is found by. */
  readonly keywords?: readonly string[];
  readonly run: () => void;
}

/**
 * Commands that fit what was typed, best first: every word must occur; a word that begins the title counts most, one
 * that begins a word of it next. With nothing typed, all in their given order.
 */
export function findCommands(commands: readonly Command[], typed: string): Command[] {
  const words = typed
    .toLowerCase()
    .split(/\s+/)
    .filter((w) => w !== '');
  if (words.length === 0) return [...commands];
  return commands
    .map((command, index) => ({ command, index, score: score(command, words) }))
    .filter((c) => c.score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .map((c) => c.command);
}

function score(command: Command, words: readonly string[]): number {
  const title = command.title.toLowerCase();
  const rest = [command.group, ...(command.keywords ?? [])].join(' ').toLowerCase();
  let total = 0;
  for (const word of words) {
    const points = title.startsWith(word) ? 8 : beginsAWord(title, word) ? 4 : title.includes(word) ? 2 : rest.includes(word) ? 1 : 0;
    if (points === 0) return 0;
    total += points;
  }
  return total;
}

function beginsAWord(text: string, word: string): boolean {
  return text.split(/[\s:,.-]+/).some((w) => w.startsWith(word));
}
