/** How the line of a member looks: colours in turn, then other dashes, so that no two of fifteen are told apart by colour alone. */

const TOKENS = ['--series-1', '--series-2', '--series-3'] as const;
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [10, 3, 2, 3], [14, 4]];

export function tokenOf(place: number): string {
  return TOKENS[place % TOKENS.length] ?? TOKENS[0];
}

export function dashOf(place: number): readonly number[] {
  return DASHES[place % DASHES.length] ?? [];
}
