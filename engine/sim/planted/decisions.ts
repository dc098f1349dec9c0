import type { Edit, PlantedFault } from './kinds.ts';

/* Faults in the decisions of members: active periods, trouble, generations, verdicts. */

const core = 'engine/mirror/failover';
const edit = (file: string, find: string, replace: string): Edit => ({ file: `${core}/${file}`, find, replace });

export const periodsAndTrouble: readonly PlantedFault[] = [
  {
    name: 'period-not-recorded',
    first: 'primary killed',
    rule: 'P records active(n) durably, then tells B',
    edits: [
      edit('primary.ts', `    period: { epoch: role.epoch, n: role.periods, backup: backup.member, ended: false },\n`, ''),
      edit('primary.ts', `    reign: { epoch: role.epoch, boot: turn.state.boot, n: role.periods },\n`, ''),
    ],
  },
  {
    name: 'period-end-not-recorded',
    first: 'without the journal of a primary',
    rule: 'P records the end of a period durably before any block becomes durable alone',
    edits: [edit('trouble.ts', `  turn.endPeriod();\n`, '')],
  },
  {
    name: 'active-without-waiting',
    first: 'R7',
    rule: "P waits for B's acknowledgements during the period",
    edits: [edit('primary.ts', `  turn.gate('remote');\n`, '')],
  },
  {
    name: 'active-before-caught-up',
    first: 'R7',
    rule: 'a backup is active only when it holds everything (R8)',
    edits: [
      edit(
        'primary.ts',
        `if (backup === null || !backup.caughtUp || backup.active) return;`,
        `if (backup === null || backup.active) return;`,
      ),
    ],
  },
  {
    name: 'trouble-goes-on',
    first: 'R7',
    rule: 'in trouble nothing becomes durable (R7)',
    edits: [edit('trouble.ts', `  turn.gate('hold');\n  if (role.generation?.phase`, `  turn.gate('open');\n  if (role.generation?.phase`)],
  },
  {
    name: 'bound-trouble-timed',
    first: 'R7',
    rule: 'in a bound generation the trouble timeout is off',
    edits: [edit('trouble.ts', `const bound = role.generation !== null;`, `const bound = false;`)],
  },
  {
    name: 'old-word-ends-trouble',
    first: 'seeds',
    rule: "a give-up left with P's agent names the period it is about",
    edits: [edit('primary.ts', `  if (!sameEpoch(had.epoch, role.epoch) || had.n !== role.periods) return;\n`, '')],
  },
  {
    name: 'taking-counts-as-resting',
    first: 'stories',
    rule: 'accepting a right counts as having become primary',
    edits: [edit('primary.ts', `  if (resting) resolve(`, `  if (resting || answer.role === 'taking') resolve(`)],
  },
  {
    name: 'newer-epoch-ignored',
    first: 'R7',
    rule: 'a primary that sees a higher epoch stops at once (R10, R12)',
    edits: [
      edit('primary.ts', `if (order < 0 || (order === 0 && sameEpoch(theirs, epoch))) return false;`, `if (order <= 1) return false;`),
    ],
  },
  {
    name: 'backup-counts-as-resting',
    first: 'core: a backup that has not noticed',
    rule: 'a backup that is dialled by its primary has lost it, generation included, before it answers',
    edits: [
      edit('primary.ts', `answer.role === 'lost' || answer`, `answer.role === 'lost' || answer.role === 'backup' || answer`),
      edit(
        'starting.ts',
        `  if (turn.state.role.is === 'backup') backup.primaryLost(`,
        `  if (turn.state.role.is === 'stopped') backup.primaryLost(`,
      ),
    ],
  },
  {
    name: 'any-verdict-resumes',
    first: 'a primary that the arbiter tells',
    rule: 'told backup-takes-over, P stays in trouble',
    edits: [edit('primary.ts', `if (message.verdict === 'primary-continues')`, `if (message.verdict !== undefined)`)],
  },
  {
    name: 'unknown-resumes',
    first: 'stories',
    rule: 'an arbiter that does not know a generation decides nothing in it',
    edits: [
      edit(
        'primary.ts',
        `      if (current.phase === 'proposed') role.generation = null;\n`,
        `      if (role.trouble !== null) resolve(turn, 'the arbiter does not know', {});\n      else if (current.phase === 'proposed') role.generation = null;\n`,
      ),
    ],
  },
];

export const generations: readonly PlantedFault[] = [
  {
    name: 'verdict-before-formed',
    first: 'stories',
    rule: 'only after formed(g) may B ask for verdicts in g',
    edits: [edit('backup.ts', `role.generation?.phase === 'formed' ? role.generation.gen : null;`, `(role.generation?.gen ?? null);`)],
  },
  {
    name: 'left-without-answer',
    first: 'R7',
    rule: "until it has B's answer P obeys g",
    edits: [edit('generation.ts', `  current.phase = 'leaving';\n`, `  role.generation = null;\n`)],
  },
  {
    name: 'stays-in-generation',
    first: 'stories',
    rule: 'one link to the arbiter lost: g is left',
    edits: [edit('generation.ts', `    if ((!possible || !current) && role.yielding === null) leaveGeneration(turn);\n`, ``)],
  },
  {
    name: 'verdict-while-leaving',
    first: 'stories',
    rule: 'from its answer to leave(g) B asks for no verdict in g',
    edits: [edit('backup.ts', `if (role.generation?.gen.g === message.g) role.generation.phase = 'leaving';`, ``)],
  },
  {
    name: 'verdict-after-not-primary',
    first: 'stories',
    rule: 'before B tells P "not primary" it leaves g',
    edits: [edit('starting.ts', `  if (role?.is === 'lost') role.generation = null;\n`, ``)],
  },
  {
    name: 'answers-while-a-verdict-may-come',
    first: 'core: a backup whose answers',
    rule: 'a backup that can still get a verdict does not answer a primary in trouble: its answer may get lost',
    edits: [edit('starting.ts', `turn.now - role.since < turn.state.qosMs) return 'not-yet';`, `turn.now < 0) return 'not-yet';`)],
  },
  {
    name: 'unable-asks-for-the-verdict',
    first: 'no failover',
    rule: 'B checks that it could become primary before it takes backup-takes-over',
    edits: [edit('backup.ts', `gen !== null && may && !givingUp`, `gen !== null && !givingUp`)],
  },
  {
    name: 'two-verdicts',
    first: 'outages',
    rule: 'Arb gives at most one verdict for each g',
    edits: [
      edit(
        'arbiter.ts',
        `if (current === null || current.gen.g !== g || current.verdict !== null) return;`,
        `if (current === null || current.gen.g !== g) return;`,
      ),
      edit(
        'arbiter.ts',
        `  if (state.current.verdict !== null) return ctx.tell(from, { m: 'verdict', g, verdict: state.current.verdict });\n`,
        '',
      ),
      edit('arbiter.ts', `  if (current.verdict !== null) return tell(from, { m: 'verdict', g, verdict: current.verdict });\n`, ''),
    ],
  },
  {
    name: 'no-round-trip',
    first: 'outages',
    rule: 'Arb completes a round trip before it says that it still has a member',
    edits: [
      edit(
        'arbiter.ts',
        `  if (state.members[who]?.boot !== otherBoot) return decide(state, from, g, ctx.tell);\n`,
        `  if (state.members[who]?.boot !== otherBoot) return decide(state, from, g, ctx.tell);\n  return stillThere(state, from, g, ctx.tell);\n`,
      ),
    ],
  },
  {
    name: 'asks-backup-first',
    first: 'outages',
    rule: 'before B is asked to give up for P, P has to be heard to hear',
    edits: [edit('arbiter.ts', `ask(state, from === gen.primary ? from : who, from, g, ctx);`, `ask(state, who, from, g, ctx);`)],
  },
  {
    name: 'loss-of-who-was-asked',
    first: 'core: a backup that is lost',
    rule: "B's loss brings the verdict as its give-up does",
    edits: [
      edit(
        'arbiter.ts',
        `current !== null && current.onlyPrimary && member`,
        `current !== null && !current.onlyPrimary && current.onlyPrimary && member`,
      ),
    ],
  },
  {
    name: 'opens-at-once-after-verdict',
    first: 'core: a backup whose connection',
    rule: 'B opens no sooner than Q/2 after the last heartbeat of a P that is not proven down (R5)',
    edits: [edit('backup.ts', `turn.facts.lastBeatFromPeer + turn.state.qosMs * 0.55`, `0`)],
  },
];
