import type { Edit, PlantedFault } from './kinds.ts';

/*
 * Guards that another one stands behind: without one of them alone nothing goes wrong. They stay, for they cost nothing and say
 * what is meant. They are not among those that have to be caught.
 */

const core = 'engine/mirror/failover';
const edit = (file: string, find: string, replace: string): Edit => ({ file: `${core}/${file}`, find, replace });

export const keptTwice: readonly (PlantedFault & {
  /** What stands behind it. */
  readonly keptBy: string;
})[] = [
  {
    name: 'trouble-too-short',
    rule: 'T is two QoS timeouts',
    edits: [
      edit(
        'trouble.ts',
        `until: bound ? null : turn.now + 2 * turn.state.qosMs,`,
        `until: bound ? null : turn.now + turn.state.qosMs / 10,`,
      ),
    ],
    keptBy:
      "The record of the period's end keeps it too: who takes over without P's journal within T finds there that P has gone on alone. The model fails without both (`END_RECORD` with `T`).",
  },
  {
    name: 'old-agent-answer-ends-trouble',
    rule: 'only answers to questions asked since the trouble began end it',
    edits: [
      edit(
        'primary.ts',
        `  if (role.trouble === null || question < role.trouble.firstQuestion) return;\n`,
        `  if (role.trouble === null) return;\n`,
      ),
    ],
    keptBy:
      'The answer also has to be about the very process that was lost, and a question ends after Q/2: before that process could be active again and lost.',
  },
  {
    name: 'old-hello-answer-ends-trouble',
    rule: 'only answers to questions asked since the trouble began end it',
    edits: [
      edit(
        'primary.ts',
        `if (role.trouble === null || question < role.trouble.firstQuestion || answer.is !== 'not-primary') return;`,
        `if (role.trouble === null || answer.is !== 'not-primary') return;`,
      ),
    ],
    keptBy: 'Dialling anew closes the older connection, with whatever answer was still on it.',
  },
  {
    name: 'another-process-is-down',
    rule: "of B's agent only the word about the process that was lost counts (boot id)",
    edits: [edit('primary.ts', ` && answer.boot === role.trouble.backupBoot)`, `)`)],
    keptBy:
      'An answer to a question of this trouble about another process is about one that is no backup. It is there for copies of a member; the model fails without it (`BOOT_ID`), for it has no numbered questions.',
  },
  {
    name: 'any-hello-in-trouble',
    rule: 'a hello in trouble counts only with a give-up',
    edits: [edit('primary.ts', `if (role.trouble !== null && (from.role === 'taking' || !from.gaveUp)) return turn.notPrimary();`, '')],
    keptBy:
      'Who says hello without giving up, being about to take over or in trouble, ends the connection itself; trouble ends only with the first message over it.',
  },
  {
    name: 'formed-without-arbiter',
    rule: 'P binds itself only when Arb and B both hold g',
    edits: [
      edit(
        'generation.ts',
        `if (current.phase !== 'proposed' || !current.heldByArbiter || !current.heldByBackup) return;`,
        `if (current.phase !== 'proposed' || !current.heldByBackup) return;`,
      ),
    ],
    keptBy: 'A primary bound too early only waits longer; a verdict comes from an arbiter that knows the generation, or not at all.',
  },
  {
    name: 'formed-without-backup',
    rule: 'P binds itself only when Arb and B both hold g',
    edits: [
      edit(
        'generation.ts',
        `if (current.phase !== 'proposed' || !current.heldByArbiter || !current.heldByBackup) return;`,
        `if (current.phase !== 'proposed' || !current.heldByArbiter) return;`,
      ),
    ],
    keptBy: 'A primary bound too early only waits longer; a backup that does not hold the generation asks for no verdict.',
  },
  {
    name: 'give-up-not-meant',
    rule: 'B asked to give up g leaves it for good',
    edits: [edit('backup.ts', `if (role.is === 'lost' && role.generation?.g === g) role.generation = null;`, ``)],
    keptBy: 'The arbiter that has asked for it gives no other verdict any more.',
  },
  {
    name: 'give-up-with-the-link',
    rule: 'B asked to give up g leaves it for good, also while it still believes in its link to P',
    edits: [
      edit(
        'backup.ts',
        `  if (role.is === 'backup' && role.generation?.gen.g === g) primaryLost(turn, 'the primary has lost this member', true);\n`,
        '',
      ),
    ],
    keptBy: 'The arbiter that has asked for it gives no other verdict any more.',
  },
  {
    name: 'taking-gives-up',
    rule: 'who has accepted a right does not say that it gave up',
    edits: [edit('backup.ts', `    if (role.is === 'taking' || role.is === 'primary') return;\n`, ``)],
    keptBy:
      'Who takes over by a verdict has had the only one of the generation; a grant or a request needs a primary that is down or has yielded.',
  },
  {
    name: 'dialled-backup-stays',
    rule: 'a backup that is dialled by its primary has been lost by it',
    edits: [
      edit(
        'starting.ts',
        `  if (turn.state.role.is === 'backup') backup.primaryLost(turn, 'it has lost this member', !waits);\n`,
        `  if (turn.state.role.is === 'never') backup.primaryLost(turn, 'it has lost this member', !waits);\n`,
      ),
    ],
    keptBy: 'Its answer says that it is a backup, which ends no trouble; only lost, waiting, starting and stopped members do.',
  },
];
