/** Options of a command as one would type them; what is undefined or false is left out, true is the option alone. */
export function options(given: Record<string, string | number | boolean | null | undefined>): string {
  return Object.entries(given)
    .flatMap(([name, value]) => {
      if (value === undefined || value === false || value === null) return [];
      return value === true ? [`--${name}`] : [`--${name} ${quoted(String(value))}`];
    })
    .join(' ');
}

/** As a word of a shell. */
export function quoted(word: string): string {
  return /^[\w.:/@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
