import { compareAge, compareJournals, type JournalReach } from '../../../journal/index.ts';

/** Another member's journal, as far as it was told. */
export interface Offer {
  readonly member: string;
  readonly reach: JournalReach;
}

/**
 * Whose journal to continue this one with: only one that this one is a beginning of, and of those the one that goes furthest, the
 * highest epoch first. null: nobody has more of this history.
 */
export function nextSource(own: JournalReach, offers: readonly Offer[]): Offer | null {
  const more = offers.filter(({ reach }) => compareJournals(own, reach).kind === 'prefix');
  return more.reduce<Offer | null>((best, offer) => (best === null || compareAge(offer.reach, best.reach) > 0 ? offer : best), null);
}
