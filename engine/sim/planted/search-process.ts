import type { Bounds, PlantedFault, Search } from './kinds.ts';
import { plant } from './plant.ts';

/* A process of its own for each planted fault: its parent sends the order, and gets one message back. */

export interface Order {
  readonly fault: PlantedFault;
  readonly only: readonly string[];
  readonly most: Bounds;
  /** Seeds that fail without a fault: they show nothing. */
  readonly skip: readonly number[];
}

/** What became of it. */
export type Report =
  | { readonly is: 'searched'; readonly search: Search }
  /** The mutation does not fit the sources, or does not run. */
  | { readonly is: 'broken'; readonly why: string };

async function work({ fault, only, most, skip }: Order): Promise<Report> {
  try {
    plant(fault.edits);
    // Only now: everything it loads is loaded with the fault.
    const { search } = await import('./detectors.ts');
    return { is: 'searched', search: await search(fault.first ?? null, only, most, skip) };
  } catch (error) {
    return { is: 'broken', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

// What is left of a world that has ended for its fault may still fail; the search has its answer by then, or goes on.
process.on('unhandledRejection', () => undefined);
process.once('message', (order: Order) => {
  void work(order).then((report) => process.send?.(report, () => process.disconnect()));
});
