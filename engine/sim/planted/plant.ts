import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Edit } from './kinds.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A source with the edits of a fault. Throws when what one of them replaces does not stand there exactly once. */
export function edited(text: string, file: string, edits: readonly Edit[]): string {
  let now = text;
  for (const { find, replace } of edits.filter((edit) => edit.file === file)) {
    const times = now.split(find).length - 1;
    if (times !== 1) throw new Error(`what it replaces stands ${times} times in ${file}`);
    now = now.replace(find, () => replace);
  }
  return now;
}

/** From now on modules are loaded with these edits; the files stay as they are. To be called before any of them is loaded. */
export function plant(edits: readonly Edit[]): void {
  const files = new Set(edits.map(({ file }) => file));
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const file = url.startsWith('file:') ? fileURLToPath(url).slice(root.length) : '';
      if (!files.has(file)) return loaded;
      const { source } = loaded;
      if (source === undefined || source === null) throw new Error(`${file} has no source`);
      const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
      return { ...loaded, source: edited(text, file, edits) };
    },
  });
}
