import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { keptTwice } from './kept-twice.ts';
import { planted } from './list.ts';
import { edited } from './plant.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const all = [...planted, ...keptTwice];

test.each(all)('$name still fits the sources', ({ edits }) => {
  for (const file of new Set(edits.map((edit) => edit.file))) {
    const text = readFileSync(root + file, 'utf8');
    expect(edited(text, file, edits)).not.toBe(text);
  }
});

test('faults have names of their own', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});
