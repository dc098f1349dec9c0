/** An administrator's say in what a reporting member's read-write databases take from the mirror's journal. */
export { DejournalFilter, type UpdateFilter } from './filter.ts';
