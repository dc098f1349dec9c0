/** One place of a source that a fault changes. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands once in the file. */
  readonly find: string;
  readonly replace: string;
}

/**
 * What can catch a planted fault.
 * - stories: the core alone, in stories made of random actions (`failover/testing/stories.ts`)
 * - seeds: the simulator, whole mirrors with the faults that each seed draws
 * - scenarios: the simulator, with a course that is given (`sim/scenarios`)
 * - outages: the table of outages, row by row, on the core alone (`failover/outcomes`)
 */
export type Detector = 'stories' | 'seeds' | 'scenarios' | 'outages';

/** How much of each detector is used at most. */
export type Bounds = Readonly<Record<Detector, number>>;

export interface PlantedFault {
  readonly name: string;
  /** The rule that is broken. */
  readonly rule: string;
  /** One, or all places at which the rule is kept. */
  readonly edits: readonly Edit[];
  /** What caught it before, and soonest: the beginning of a scenario's name, or a detector; tried first. */
  readonly first?: string;
}

/** What caught a fault, so that it can be played again. */
export type Evidence =
  | { readonly by: 'stories'; readonly seed: number; readonly actions: readonly unknown[] }
  | { readonly by: 'seeds'; readonly seed: number }
  | { readonly by: 'scenarios' | 'outages'; readonly name: string };

export interface Caught {
  readonly evidence: Evidence;
  /** How many stories, seeds, scenarios or rows of that detector it took, the last included. */
  readonly tries: number;
  readonly why: string;
}

export interface Search {
  readonly caught: Caught | null;
  /** What was tried in vain, by detector. */
  readonly tried: Readonly<Partial<Record<Detector, number>>>;
}
