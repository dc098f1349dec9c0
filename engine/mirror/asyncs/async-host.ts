import type { UpdateFilter } from '../filter/index.ts';
import type { MirrorHost } from '../host.ts';

/** What an async needs of the instance it runs in. */
export type AsyncHost = Pick<
  MirrorHost,
  'log' | 'databases' | 'applyTo' | 'compared' | 'seeded' | 'barReads' | 'dejournaled' | 'cannotTakeOver' | 'changed' | 'typeChanged'
> & {
  /** Feeds databases that an error has stopped once more. @returns names of those that still take nothing */
  retryFailed(): Promise<string[]>;
  /** Says from now on what the databases that are updated here too take; null: everything. While it is awaited they take nothing. */
  useFilter(filter: UpdateFilter | null | 'awaited'): void;
  /** Nothing is dejournaled any more. */
  close(): void;
};
