/**
 * Makes a failing list shorter: leaves out halves, quarters ... and in the end single entries, as long as it still fails.
 * @param runsMax tries at most
 * @returns a list of which, if the tries sufficed, no single entry can be left out
 */
export async function shrink<T>(
  list: readonly T[],
  fails: (shorter: readonly T[]) => Promise<boolean>,
  runsMax: number,
): Promise<readonly T[]> {
  let now = list;
  let runs = 0;
  let piece = Math.ceil(now.length / 2);
  while (piece >= 1 && now.length > 0) {
    let hasShrunk = false;
    for (let from = 0; from < now.length && runs < runsMax;) {
      const shorter = now.filter((_, i) => i < from || i >= from + piece);
      runs += 1;
      if (await fails(shorter)) {
        now = shorter;
        hasShrunk = true;
      } else from += piece;
    }
    if (runs >= runsMax) return now;
    if (piece > 1) piece = Math.ceil(piece / 2);
    else if (!hasShrunk) return now;
  }
  return now;
}
