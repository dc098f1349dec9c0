/** The end of a turn of the event loop: after everything that arrived in it has been handled. */
export interface Turns {
  /** Calls `fn` once at the end of the current turn. */
  atEndOfTurn(fn: () => void): void;
}

export const realTurns: Turns = {
  atEndOfTurn: (fn) => {
    setImmediate(fn);
  },
};
