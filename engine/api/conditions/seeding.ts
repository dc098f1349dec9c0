import { table } from './condition.ts';

/** Copies of mirrored databases that members make by themselves from another member's. */
export const seedConditions = table({
  SEED_WANTED: {
    severity: 1,
    title: 'Every member is to have a copy of a database',
    means: 'Each failover and disaster recovery member that lacks it makes one by itself, also one that is not connected now.',
    facts: ['database'],
    todo: '',
  },
  SEEDED: {
    severity: 1,
    title: 'This member has made its copy of a database',
    means: 'It has all that the mirror has of it and follows the mirror.',
    facts: ['database', 'from'],
    todo: '',
  },
  SEED_REFUSED: {
    severity: 2,
    title: 'This member cannot make its copy of a database',
    means: 'The mirror has the database and this member lacks it; nothing was changed here. It tries again each minute.',
    facts: ['database'],
    todo: 'Do what the line says; gemel db seed tries it at once, with --as another name, or --dir another directory.',
  },
  SEED_DIFFERENCE: {
    severity: 2,
    title: 'What belongs to a database is not the same here',
    means: 'The copy itself is right. A namespace or its mappings are not as on the member it was taken from.',
    facts: ['database'],
    todo: 'Make it the same by hand before this member is to take over.',
  },
  SEED_NOT_HERE: {
    severity: 'refusal',
    title: 'No copy can be had from this member now',
    means: 'It lacks the database, or its own copy does not follow the mirror.',
    facts: ['database'],
    todo: 'Take the copy from another member: gemel db seed --from MEMBER.',
  },
});
