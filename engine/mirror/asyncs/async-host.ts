import type { MirrorHost } from '../host.ts';

/** What an async needs of the instance it runs in. */
export type AsyncHost = Pick<
  MirrorHost,
  'log' | 'databases' | 'applyTo' | 'barReads' | 'dejournaled' | 'cannotTakeOver' | 'changed' | 'typeChanged'
> & {
  /** Feeds databases that an error has stopped once more. @returns names of those that still take nothing */
  retryFailed(): Promise<string[]>;
  /** The database, by its mirror database name, takes no more. */
  isFailed(name: string): boolean;
};
