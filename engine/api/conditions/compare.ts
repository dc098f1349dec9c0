import { table } from './condition.ts';

/** What a comparison of copies finds. */
export const compareConditions = table({
  COPIES_DIFFER: {
    severity: 2,
    title: 'A copy of a database is not the same as another one',
    means: 'At one position of the journal two members do not have the same nodes. Which nodes is in the result of the comparison.',
    facts: ['database', 'with', 'nodes', 'different', 'repaired'],
    todo: 'Find out why: a damaged disk, or a file that was changed by hand. Then gemel mirror compare --repair on the member that is not primary, or restore its copy.',
  },
  COMPARE_REPAIR_REFUSED: {
    severity: 1,
    title: 'A copy cannot be repaired from there',
    means: 'Only a member that is not primary repairs its copy, and only from the primary’s.',
    facts: ['with'],
    todo: 'Give the command on the member whose copy differs, without --with.',
  },
});
