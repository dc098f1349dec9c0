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
  {
    name: 'promise-not-durable',
    rule: 'a promise is recorded before it is told',
    edits: [edit('promise.ts', `  turn.persist({ grant });\n  const role`, `  const role`)],
    keptBy:
      'Two members alone need the word of the other one, or of its agent, for any right, and whoever holds the promise is that other one. The record is for a third asker, an operator who forces, copies of a member (see `failover/model`).',
  },
  {
    name: 'standing-promise-ignored',
    rule: 'one promise at a time: a standing one binds',
    edits: [edit('taking.ts', `  if (standing && grant.to !== giver)`, `  if (standing && grant.to === 'nobody')`)],
    keptBy:
      'Two members alone need the word of the other one, or of its agent, for any right, and whoever holds the promise is that other one. The record is for a third asker, an operator who forces, copies of a member (see `failover/model`).',
  },
  {
    name: 'right-given-back-undurably',
    rule: 'B gives the right back durably when P asks and B cannot finish',
    edits: [edit('promise.ts', `  if (needsNoPromise) turn.persist({ grant: { to: from.member, above: turn.newestEpoch } });\n`, '')],
    keptBy:
      'Two members alone need the word of the other one, or of its agent, for any right, and whoever holds the promise is that other one. The record is for a third asker, an operator who forces, copies of a member (see `failover/model`).',
  },
  {
    name: 'promise-forgotten-when-following',
    rule: 'a grant ends only when its holder is primary above it',
    edits: [
      edit(
        'agent.ts',
        `const standing = durable.grant !== null && compareEpochs(newest, durable.grant.above) <= 0;`,
        `const standing = false;`,
      ),
    ],
    keptBy:
      'Two members alone need the word of the other one, or of its agent, for any right, and whoever holds the promise is that other one. The record is for a third asker, an operator who forces, copies of a member (see `failover/model`).',
  },
  {
    name: 'grant-not-recorded',
    rule: 'the agent records a grant durably before it answers',
    edits: [
      {
        file: 'engine/agent/answers.ts',
        find: `  writeRecord(hosted.io.files, found.paths.mgr, { ...record, durable });\n  return { ...down, grant };`,
        replace: `  return { ...down, grant: durable.grant };`,
      },
    ],
    keptBy:
      'Two members alone need the word of the other one, or of its agent, for any right, and whoever holds the promise is that other one. The record is for a third asker, an operator who forces, copies of a member (see `failover/model`).',
  },
  {
    name: 'takeover-after-give-up-asked',
    rule: 'once B is asked to give up, Arb only gives primary-continues',
    edits: [
      edit(
        'arbiter.ts',
        `else if (!current.onlyPrimary) give(state, 'backup-takes-over', tell);`,
        `else give(state, 'backup-takes-over', tell);`,
      ),
    ],
    keptBy: 'A backup that was asked has left the generation, before any later verdict reaches it.',
  },
  {
    name: 'arbiter-waits-for-ever',
    rule: 'Arb declares who does not answer within Q lost',
    edits: [edit('arbiter.ts', `state.questions.filter((q) => q.until <= now)`, `state.questions.filter((q) => q.until < 0)`)],
    keptBy: 'A member that is silent for three quarters of Q is lost anyway; who answers heartbeats answers questions.',
  },
  {
    name: 'new-boot-is-no-loss',
    rule: 'a P with a new boot id is lost for g',
    edits: [
      edit(
        'arbiter.ts',
        `return (from === gen.primary && boot === gen.primaryBoot) || (from === gen.backup && boot === gen.backupBoot) ? gen : null;`,
        `return boot === undefined ? null : gen;`,
      ),
      edit(
        'arbiter.ts',
        `  if (state.members[who]?.boot !== otherBoot) return`,
        `  if (otherBoot !== undefined && state.members[who] === undefined) return`,
      ),
    ],
    keptBy: 'A primary that has restarted asks the backup before it is anything; the two agree without the arbiter.',
  },
  {
    name: 'verdict-lost-is-takeover',
    rule: 'only the verdict backup-takes-over lets B take over; a restarted Arb knows no generation',
    edits: [
      edit(
        'backup.ts',
        `if (message.m === 'verdict' && message.verdict === 'backup-takes-over') {`,
        `if (message.m === 'verdict' || message.m === 'unknown') {`,
      ),
    ],
    keptBy: 'Who loses the arbiter leaves the generation, and asks once: nobody asks a restarted one about it.',
  },
  {
    name: 'right-given-back-with-epoch',
    rule: 'a right is given back only while the new epoch is in no journal',
    edits: [
      edit(
        'promise.ts',
        `  if (begun || role.stuck === null) return turn.notPrimary();\n`,
        `  if (role.stuck === null) return turn.notPrimary();\n`,
      ),
    ],
    keptBy: 'The one that asks knows by then of an epoch whose journal it does not have, and waits.',
  },
  {
    name: 'records-believed',
    rule: 'ValidatedMember=0: its own records are not believed',
    edits: [edit('turn.ts', `return this.state.durable.validated && this.facts`, `return this.facts`)],
    keptBy: 'Every start asks the other one first; the mark only decides between two that have the same journal.',
  },
  {
    name: 'unreadable-is-enough',
    rule: "without P's journal a grant needs P's record that the period with the asker has not ended",
    edits: [edit('agent.ts', `  if (journal === null && !isActiveWith(durable, asker))`, `  if (journal === null && asker === self)`)],
    keptBy: 'The asker looks at the same record itself (`whyJournalNeeded`): planted together as `blind-though-ended`.',
  },
  {
    name: 'blind-though-inactive',
    rule: "without P's journal B takes over only if it was active in this very process",
    edits: [
      edit('starting.ts', `  if (role.is !== 'lost' || role.had.n === 0) return 'This member was not active in this process.';\n`, ''),
    ],
    keptBy: 'The agent of the other one sees from its record that this one was not active: planted together as `blind-though-ended`.',
  },
  {
    name: 'takes-over-incomplete',
    rule: 'a take-over request is for the member that holds everything',
    edits: [
      edit(
        'backup.ts',
        `const complete = file > message.end.file || (file === message.end.file && offset >= message.end.offset);`,
        `const complete = true;`,
      ),
    ],
    keptBy: 'Only an active backup is asked, when everything is durable on both: planted together as `yields-to-who-lacks-updates`.',
  },
  {
    name: 'yields-and-goes-on',
    rule: 'after asking for takeover a member never acts as primary again in that epoch',
    edits: [edit('hand-over.ts', `  turn.persist({ yielded: role.epoch });\n  turn.gate('hold');\n`, ``)],
    keptBy:
      'Nothing is taken from clients while it drains, and a backup that takes over acknowledges nothing of the epoch before; who restarts asks the others first. The model fails without it (`YIELD`).',
  },
  {
    name: 'given-up-goes-on',
    rule: 'becoming primary ends when the right is gone',
    edits: [
      { file: 'engine/mirror/becoming.ts', find: `    if (!wanted()) throw`, replace: `    if (!wanted() && epoch.major < 0) throw` },
    ],
    keptBy:
      'Giving up also ends what was begun, behind it in the order of things to do (`Roles.undoBecome`); until then its gate is closed.',
  },
  {
    name: 'inherited-not-synced',
    rule: 'every inherited journal byte is synced before the new epoch',
    edits: [
      {
        file: 'engine/journal/receiver.ts',
        find: `    if (comparePositions(this.#synced, end.position) < 0) await whenDone((done) => this.#disk.sync(done));\n`,
        replace: ``,
      },
    ],
    keptBy: 'The simulator has not shown it within 300 seeds and directed power cuts; the model fails without it (`INHERITED_SYNC`).',
  },
  {
    name: 'applies-unsynced',
    rule: 'a backup applies only what is synced here',
    edits: [
      {
        file: 'engine/mirror/peers.ts',
        find: `comparePositions(this.#knownDurable, receiver.synced) < 0 ? this.#knownDurable : receiver.synced`,
        replace: `this.#knownDurable`,
      },
    ],
    keptBy:
      'What is applied is durable in the mirror: after a power cut the member gets it again. It matters when an operator forces this member.',
  },
  {
    name: 'syncs-again-after-an-error',
    rule: 'after a failed sync a receiver takes nothing more',
    edits: [{ file: 'engine/journal/receiver.ts', find: `    if (this.#error !== null) throw this.#error;\n`, replace: '' }],
    keptBy: 'A receiver that failed is told to its member, which closes the connection and makes a new receiver.',
  },
  {
    name: 'skips-a-file',
    rule: 'a reconnect at a file switch loses nothing (R4)',
    edits: [
      {
        file: 'engine/journal/receiver.ts',
        find: `    if (header.number !== last.number + 1) throw this.#mismatch(`,
        replace: `    if (header.number <= last.number) throw this.#mismatch(`,
      },
    ],
    keptBy: 'A header also says how long the file before is, and its chain.',
  },
  {
    name: 'agents-adopt-any-version',
    rule: 'an agent takes a membership for a member that is down only if it is newer: of two promotions at once it knows one',
    edits: [
      {
        file: 'engine/mirror/asyncs/promotion/adoption.ts',
        find: `  if (membership.version <= record.membership.version)\n`,
        replace: `  if (membership.version < 0)\n`,
      },
    ],
    keptBy:
      'Who is promoted learns of a newer version by the answer of the same agent; of two of one version `whichHolds` lets one stand, and the agent grants to one.',
  },
  {
    name: 'promoted-with-old-rights',
    rule: 'who is promoted again holds no right of earlier times',
    edits: [
      {
        file: 'engine/mirror/asyncs/async-changes.ts',
        find: `    this.becomeFailover(membership, { ...newDurable, seen: member.seen, promotion });\n`,
        replace: `    this.becomeFailover(membership, { ...member.options.record.durable, seen: member.seen, promotion });\n`,
      },
      {
        file: 'engine/mirror/asyncs/async-member.ts',
        find: `    this.#record({ ...newDurable, seen: this.seen, mirroringStopped: this.stopped });\n`,
        replace: `    this.#record({ ...this.#durable, boot: newDurable.boot });\n`,
      },
    ],
    keptBy:
      'Its earlier promises are of lower epochs, and as a backup it takes over what the primary says; only a promotion that is held would stay.',
  },
  {
    name: 'grants-to-former-members',
    rule: 'an agent lets only a failover member of its own record take over',
    edits: [
      {
        file: 'engine/agent/answers.ts',
        find: `    members: failoverMembers(record.membership).map((m) => m.guid),\n`,
        replace: `    members: record.membership.members.map((m) => m.guid),\n`,
      },
    ],
    keptBy:
      'Who was given the right asks all others, the agents of those that are down and the arbiter before it uses it, and whoever answers knows of the promotion.',
  },
];
