import type { PlantedFault } from './kinds.ts';

/* Rules by which members get other roles. */

const taking = 'engine/mirror/failover/taking.ts';
const promote = 'engine/mirror/asyncs/promotion/promote.ts';
const whichHolds = 'engine/mirror/asyncs/promotion/which-holds.ts';
const asyncMember = 'engine/mirror/asyncs/async-member.ts';

export const roles: readonly PlantedFault[] = [
  {
    name: 'partner-told-first',
    first: 'promoted while the partner had promised itself',
    rule: "the chosen partner's agent is told of a promotion last: what it has promised to the other failover member is void only then",
    edits: [
      {
        file: promote,
        find: `toSorted((a, b) => isPartner(a) - isPartner(b))`,
        replace: `toSorted((a, b) => isPartner(b) - isPartner(a))`,
      },
    ],
  },
  {
    name: 'promotion-asks-nobody',
    first: 'promoted where it could not reach the primary',
    rule: 'who was promoted without a partner asks everybody before it uses that right',
    edits: [
      {
        file: taking,
        find: `  return by === 'promotion' || (turn.state.role.is`,
        replace: `  return by !== 'promotion' && (turn.state.role.is`,
      },
    ],
  },
  {
    name: 'promotion-beside-a-primary',
    first: 'promoted where it could not reach the primary',
    rule: 'who was promoted without a partner does not become primary while somebody is, or follows one',
    edits: [
      {
        file: taking,
        find: `  if (role.right.by === 'promotion' && committed !== null) return primaryOperates(turn, committed);\n`,
        replace: `  if (role.right.by === 'promotion' && committed === turn.state.durable.seen) return primaryOperates(turn, committed);\n`,
      },
    ],
  },
  {
    name: 'promotion-not-recorded',
    first: 'promoted without a partner: it becomes primary',
    rule: 'that a member was promoted without a partner is in its record',
    edits: [
      {
        file: promote,
        find: `    promotion: partner === null ? { isHeld: wish.isHeld } : null,\n`,
        replace: `    promotion: null,\n`,
      },
    ],
  },
  {
    name: 'promotion-told-once',
    first: 'two primaries in two parts',
    rule: 'a primary that was promoted without a partner tells all others again and again, until they have heard it',
    edits: [
      {
        file: 'engine/mirror/failover/trouble.ts',
        find: `  role.tellAt = turn.now + turn.state.qosMs;\n`,
        replace: `  role.tellAt = null;\n`,
      },
    ],
  },
  {
    name: 'lower-epoch-holds',
    first: 'two primaries in two parts',
    rule: 'of two primaries with memberships of their own the one in the lower epoch gives way',
    edits: [
      {
        file: whichHolds,
        find: `compareEpochs(theirs.committed, mine.committed) > 0;`,
        replace: `compareEpochs(theirs.committed, mine.committed) < 0;`,
      },
    ],
  },
  {
    name: 'older-membership-holds',
    first: 'former failover members with old settings',
    rule: 'of two memberships that nobody stands behind the newer one holds',
    edits: [
      {
        file: whichHolds,
        find: `  if (theirs.committed !== null || newer > 0) return 'adopt';\n`,
        replace: `  if (theirs.committed !== null) return 'adopt';\n  if (newer > 0) return 'keep';\n`,
      },
    ],
  },
  {
    name: 'collects-nothing',
    first: 'promoted without a partner: it has what',
    rule: 'who was promoted without a partner gets what the others have of the journal',
    edits: [
      {
        file: 'engine/mirror/asyncs/promotion/next-source.ts',
        find: `compareJournals(own, reach).kind === 'prefix'`,
        replace: `compareJournals(own, reach).kind === 'equal'`,
      },
    ],
  },
  {
    name: 'former-applies-all',
    first: 'a former failover member brings nothing',
    rule: 'what a former failover member has received is not taken for durable before it follows a primary',
    edits: [{ file: asyncMember, find: `    if (!this.#wasFailover) this.dejournaler`, replace: `    this.dejournaler` }],
  },
  {
    name: 'demoted-stays',
    first: 'a demoted backup follows',
    rule: 'who finds that it was demoted decides nothing more and is begun anew',
    edits: [
      {
        file: 'engine/mirror/changes.ts',
        find: `    this.isOver = true;\n    this.#mirror.options.host.typeChanged();\n`,
        replace: ``,
      },
    ],
  },
  {
    name: 'demoted-hands-over',
    first: 'two primaries in two parts',
    rule: 'a primary that is no failover member any more hands nothing over: it hears nobody',
    edits: [
      {
        file: 'engine/mirror/mirror.ts',
        find: `    if (this.changes.isOver) await this.roles.leave();\n    else await`,
        replace: `    await`,
      },
    ],
  },
  {
    name: 'former-members-ask-nobody',
    first: 'former failover members with old settings',
    rule: 'a member that was down asks all others before it uses a right: it may have missed a promotion',
    edits: [
      {
        file: taking,
        find: `&& (by === 'only-member' || by === 'promise' || by === 'grant'));`,
        replace: `&& by === 'only-member');`,
      },
    ],
  },
];
