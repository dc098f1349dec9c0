import type { Edit, PlantedFault } from './kinds.ts';

/* Faults in who may become primary, and how: grants, promises, epochs, starting up, handing over, no failover. */

const core = 'engine/mirror/failover';
const edit = (file: string, find: string, replace: string): Edit => ({ file: `${core}/${file}`, find, replace });

const withoutJournal = (find: string): Edit => edit('starting.ts', find, '');

export const rights: readonly PlantedFault[] = [
  {
    name: 'becomes-primary-behind',
    first: 'core: who knows of an epoch',
    rule: 'nobody becomes primary who knows of an epoch whose journal it lacks',
    edits: [edit('taking.ts', `  if (compareEpochs(above, journal) > 0)`, `  if (compareEpochs(above, journal) > 1000)`)],
  },
  {
    name: 'nobody-vetoes',
    first: 'core: an arbiter that knows',
    rule: 'whoever can be reached and knows a higher epoch vetoes',
    edits: [
      edit(
        'taking.ts',
        `  if (order < 0 || (order === 0 && (role.epoch === null || theirs.member === mine.member))) return false;\n`,
        `  if (order < 1000) return false;\n`,
      ),
    ],
  },
  {
    name: 'promise-means-nothing',
    rule: 'who has promised the other one is not primary before it',
    edits: [
      edit('promise.ts', `  turn.persist({ grant });\n  const role`, `  const role`),
      edit(
        'promise.ts',
        `  if (role !== null) pause(turn, role, turn.retryMs);\n`,
        `  if (role !== null) return takeOver(turn, { by: 'only-member' }, 0);\n`,
      ),
      edit('promise.ts', `import { vetoed } from`, `import { takeOver, vetoed } from`),
    ],
  },
  {
    name: 'promise-keeps-questions',
    first: 'core: of two members',
    rule: 'who promises voids its own questions',
    edits: [edit('promise.ts', `  if (role !== null) pause(turn, role, turn.retryMs);\n`, '')],
  },
  {
    name: 'older-journal-goes-on',
    rule: 'of two that start the newer journal goes on',
    edits: [
      edit('epochs.ts', `return compareJournals(a.journal, b.journal) || Number`, `return compareJournals(b.journal, a.journal) || Number`),
    ],
  },
  {
    name: 'position-before-epoch',
    first: 'stories',
    rule: 'newer is the higher last epoch first, then the position',
    edits: [
      edit(
        'epochs.ts',
        `  return compareEpochs(a.epoch, b.epoch) || a.position.file - b.position.file || a.position.offset - b.position.offset;`,
        `  return a.position.offset - b.position.offset || a.position.file - b.position.file || compareEpochs(a.epoch, b.epoch);`,
      ),
    ],
  },
  {
    name: 'epoch-used-again',
    first: 'stories',
    rule: 'an epoch is begun once',
    edits: [edit('taking.ts', `minor: above.minor + 1,`, `minor: above.minor + Number(above.member !== turn.state.self),`)],
  },
  {
    name: 'force-keeps-the-major',
    first: 'core: an operator forces',
    rule: "an operator's act that may fork raises major",
    edits: [edit('taking.ts', `Math.max(1, above.major) + Number(mayFork(role.right))`, `Math.max(1, above.major)`)],
  },
  {
    name: 'silence-is-a-right',
    first: 'R8',
    rule: 'nobody answers: wait (R1, R10)',
    edits: [
      edit(
        'starting.ts',
        `  const why = 'Neither the other failover member nor its agent answers`,
        `  if (turn.able) return takeOver(turn, { by: 'only-member' }, 0);\n  const why = 'Neither the other failover member nor its agent answers`,
      ),
    ],
  },
  {
    name: 'old-answers-count',
    first: 'core: an answer to an older',
    rule: 'a member without a primary takes the answer to its newest question only',
    edits: [edit('starting.ts', `role !== null && role.asking?.question === question;`, `role !== null && question > 0;`)],
  },
  {
    name: 'another-copy-grants',
    first: 'core: an older copy',
    rule: 'a grant counts only with the boot id, epoch and period that B last had from P',
    edits: [
      edit('starting.ts', `  if (role.is === 'lost' && !isSameMember(role.had, answer))`, `  if (role.is === 'lost' && role.had.n < 0)`),
    ],
  },
  {
    name: 'blind-though-ended',
    first: 'without the journal of a primary',
    rule: "without P's journal B takes over only if P's record says that the period has not ended",
    edits: [
      withoutJournal(
        `  if (!same || period.ended || period.backup !== turn.state.self) return 'The primary ended the active period and went on alone.';\n`,
      ),
      edit('agent.ts', `  if (journal === null && !isActiveWith(durable, asker))`, `  if (journal === null && asker === self)`),
    ],
  },
  {
    name: 'blind-though-late',
    first: 'without the journal of a primary',
    rule: "without P's journal B takes over only within T, and only if it was not passed over; and if the period has not ended",
    edits: [
      withoutJournal(`  if (role.passedOver) return "Under the arbiter's rules the primary may have gone on alone.";\n`),
      withoutJournal(
        `  if (!same || period.ended || period.backup !== turn.state.self) return 'The primary ended the active period and went on alone.';\n`,
      ),
      withoutJournal(
        `  if (turn.now >= turn.facts.lastEchoedByPeer + 2 * turn.state.qosMs * 0.95) return 'The trouble timeout has passed.';\n`,
      ),
      edit('agent.ts', `  if (journal === null && !isActiveWith(durable, asker))`, `  if (journal === null && asker === self)`),
    ],
  },
];

export const handingOver: readonly PlantedFault[] = [
  {
    name: 'yields-to-who-lacks-updates',
    rule: "P's journal error with B inactive: freeze, never yield; and B takes over only with everything",
    first: 'core: a primary whose journal fails',
    edits: [
      edit('hand-over.ts', `role.backup?.active !== true || !role.backup.canTakeOver`, `role.backup?.canTakeOver !== true`),
      edit(
        'backup.ts',
        `const complete = file > message.end.file || (file === message.end.file && offset >= message.end.offset);`,
        `const complete = true;`,
      ),
    ],
  },
  {
    name: 'yields-to-the-inactive',
    first: 'core: a primary whose journal fails',
    rule: "P's journal error with B inactive: freeze, never yield",
    edits: [edit('hand-over.ts', `role.backup?.active !== true || !role.backup.canTakeOver`, `role.backup?.canTakeOver !== true`)],
  },
  {
    name: 'frozen-goes-on',
    first: 'R13',
    rule: 'a primary whose journal failed is not shown as one that works (R13)',
    edits: [
      edit('hand-over.ts', `  if (!yieldIfFrozen(turn))\n`, `  if (role.frozen !== why)\n`),
      edit('primary.ts', `  yieldIfFrozen(turn);\n`, ''),
    ],
  },
  {
    name: 'no-failover-not-confirmed',
    first: 'no failover is confirmed',
    rule: 'no failover is confirmed only once it is durable on both',
    edits: [
      edit(
        'no-failover.ts',
        `  if (id !== null) role.pendingNoFailover = { id, thenStop: false };\n`,
        `  if (id !== null) turn.answer(id, null);\n`,
      ),
    ],
  },
  {
    name: 'verdict-in-spite-of-no-failover',
    first: 'no failover, with',
    rule: 'with no failover set B does not take over',
    edits: [edit('backup.ts', `turn.facts.canTakeOver && turn.state.durable.noFailover === null;`, `turn.facts.canTakeOver;`)],
  },
  {
    name: 'grants-in-spite-of-no-failover',
    first: 'no failover set while',
    rule: 'after stop --nofailover, and with no failover set, the agent refuses grants',
    edits: [
      edit('agent.ts', `  if (durable.stoppedNoFailover) return`, `  if (durable.stoppedNoFailover && self === '') return`),
      edit('agent.ts', `  if (durable.noFailover !== null) return`, `  if (durable.noFailover !== null && self === '') return`),
    ],
  },
];
