/** Resolves with the first value that `look` gives, looking at each `changed`. */
export function firstOf<T>(onChange: (listener: () => void) => () => void, look: () => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    let stop = (): void => undefined;
    const check = (): boolean => {
      const found = look();
      if (found === undefined) return false;
      stop();
      resolve(found);
      return true;
    };
    if (!check()) stop = onChange(() => void check());
  });
}
