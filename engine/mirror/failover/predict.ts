import { WhatIf } from '../../api/status.ts';
import type { MemberState } from './state.ts';
import type { Details, Facts, Ms } from './types.ts';

/**
 * What would happen if: the failover rules as answers to an administrator's questions, without doing anything. The
 * simulated mirror is the judge: `predict.test.ts` compares every answer with what then happens.
 */

/** The mirror as its primary is operating; what is not known counts as not there. */
export interface Situation {
  /** Q, the quality of service timeout. */
  readonly qosMs: Ms;
  /** Arbiter controlled: both members have agreed on it, with the arbiter. */
  readonly mode: 'agent' | 'arbiter';
  readonly backup: {
    readonly status: 'active' | 'not-active' | 'disconnected' | 'none';
    /** Its databases that must be mounted are, and are activated and caught up. */
    readonly able: boolean;
  };
  readonly arbiter: { readonly configured: boolean; readonly primaryConnected: boolean; readonly backupConnected: boolean };
  /** Whether the other member reaches the agent on the host of the primary, and of the backup. */
  readonly agents: { readonly ofPrimary: boolean; readonly ofBackup: boolean };
  readonly noFailover: boolean;
}

/** Every outage an administrator asks about, in the order in which they are answered. */
export const FAULTS = WhatIf.shape.fault.options;
export type Fault = WhatIf['fault'];

/** The answer to one question, with the members named by their roles before the fault. */
export interface Prediction extends Readonly<Omit<WhatIf, 'primary' | 'why' | 'timeMs'>> {
  readonly primary: 'primary' | 'backup' | null;
  readonly timeMs: { readonly atMost: Ms } | null;
  readonly why: readonly string[];
}

/** The answers to all questions, in the order of `FAULTS`. */
export function whatIf(situation: Situation): Prediction[] {
  return FAULTS.map((fault) => predict(situation, fault));
}

export function predict(situation: Situation, fault: Fault): Prediction {
  switch (fault) {
    case 'primary-stopped':
      return primaryStopped(situation);
    case 'primary-killed':
      return primaryEnds(situation, fault, { agentLives: true, atMostQ: 1 });
    case 'primary-hung':
      return primaryEnds(situation, fault, { agentLives: true, atMostQ: 2 });
    case 'primary-host-lost':
      return primaryEnds(situation, fault, { agentLives: false, atMostQ: 2 });
    case 'primary-storage-failed':
      return storageFailed(situation);
    case 'primary-isolated':
      return primaryIsolated(situation);
    case 'members-disconnected':
      return membersDisconnected(situation);
    case 'backup-lost':
      return backupLost(situation);
    case 'arbiter-lost':
      return arbiterLost(situation);
    case 'backup-and-arbiter-lost':
      return backupAndArbiterLost(situation);
  }
}

interface Answer {
  readonly code: string;
  readonly why: readonly string[];
}

function takesOver(s: Situation, fault: Fault, atMostQ: number, answer: Answer): Prediction {
  return {
    fault,
    outcome: 'backup-takes-over',
    primary: 'backup',
    dataAtRisk: 'none',
    timeMs: { atMost: atMostQ * s.qosMs },
    ...answer,
    facts: facts(s),
  };
}

function continues(s: Situation, fault: Fault, atMostQ: number, answer: Answer): Prediction {
  return {
    fault,
    outcome: 'primary-continues',
    primary: 'primary',
    dataAtRisk: 'none',
    timeMs: { atMost: atMostQ * s.qosMs },
    ...answer,
    facts: facts(s),
  };
}

function nobody(s: Situation, fault: Fault, answer: Answer): Prediction {
  const dataAtRisk = s.backup.status === 'active' ? 'none' : 'if-forced';
  return { fault, outcome: 'nobody-is-primary', primary: null, dataAtRisk, timeMs: null, ...answer, facts: facts(s) };
}

function facts(s: Situation): Details {
  return {
    mode: s.mode,
    backup: s.backup.status,
    backupAble: yesNo(s.backup.able),
    arbiterConfigured: yesNo(s.arbiter.configured),
    primaryAtArbiter: yesNo(s.arbiter.primaryConnected),
    backupAtArbiter: yesNo(s.arbiter.backupConnected),
    agentOfPrimary: yesNo(s.agents.ofPrimary),
    agentOfBackup: yesNo(s.agents.ofBackup),
    noFailover: yesNo(s.noFailover),
    qosMs: s.qosMs,
  };
}

function yesNo(is: boolean): 'yes' | 'no' {
  return is ? 'yes' : 'no';
}

/** Why the backup would not take over whatever happens; null: it may. */
function cannot(s: Situation): Answer | null {
  switch (s.backup.status) {
    case 'none':
      return { code: 'NO_BACKUP', why: ['The mirror has one failover member only, so nobody could take over.'] };
    case 'disconnected':
      return {
        code: 'NO_BACKUP',
        why: [
          'The other failover member is not connected, so it counts as down. If it runs, it takes over only with journal data from the agent.',
        ],
      };
    default:
      if (s.noFailover) return { code: 'NO_FAILOVER_SET', why: ['No failover is set, so the backup does not take over.'] };
      return s.backup.able
        ? null
        : { code: 'CANNOT_TAKE_OVER', why: ['A database on the backup is not mounted, activated or caught up, so it does not take over.'] };
  }
}

/** The instance of the primary does nothing any more, and cannot tell the backup to take over. */
function primaryEnds(s: Situation, fault: Fault, how: { readonly agentLives: boolean; readonly atMostQ: number }): Prediction {
  const not = cannot(s);
  if (not !== null) return nobody(s, fault, not);
  if (s.mode === 'arbiter')
    return takesOver(s, fault, how.atMostQ, {
      code: 'VERDICT',
      why: [
        'The backup is active: it has everything that was acknowledged.',
        'The arbiter loses the primary too and lets the backup take over.',
      ],
    });
  if (how.agentLives && s.agents.ofPrimary)
    return takesOver(s, fault, how.atMostQ, {
      code: 'GRANTED',
      why: [
        'The agent on the host of the primary confirms that the instance is down, or forces it down.',
        'The backup fetches from it whatever journal data it lacks.',
      ],
    });
  return nobody(s, fault, {
    code: 'NOBODY_ANSWERS',
    why: [notArbiterControlled(s), 'The agent on the host of the primary cannot be reached.'],
  });
}

/** Why the arbiter has no say; the mirror is agent controlled. */
function notArbiterControlled(s: Situation): string {
  if (s.backup.status === 'not-active') return 'The backup is not active, so the arbiter has no say.';
  if (!s.arbiter.configured) return 'No arbiter is configured.';
  return 'Not both failover members are connected to the arbiter, so it has no say.';
}

function primaryStopped(s: Situation): Prediction {
  const fault = 'primary-stopped';
  if (s.backup.status === 'active' && cannot(s) === null)
    return takesOver(s, fault, 1, {
      code: 'TAKE_OVER_REQUESTED',
      why: ['The primary asks the active backup to take over before it stops.'],
    });
  return primaryEnds({ ...s, mode: 'agent' }, fault, { agentLives: true, atMostQ: 1 });
}

function storageFailed(s: Situation): Prediction {
  const fault = 'primary-storage-failed';
  const not = cannot(s);
  if (not !== null) return nobody(s, fault, not);
  if (s.backup.status === 'active')
    return takesOver(s, fault, 1, {
      code: 'TAKE_OVER_REQUESTED',
      why: ['The primary can write nothing more, freezes, and asks the active backup to take over.'],
    });
  return nobody(s, fault, {
    code: 'JOURNAL_FROZEN',
    why: [
      'The primary can write nothing more and freezes.',
      'The backup is not active: it lacks journal data, so it is not asked to take over.',
    ],
  });
}

function primaryIsolated(s: Situation): Prediction {
  const fault = 'primary-isolated';
  if (s.mode === 'agent') return contactLost(s, fault);
  const not = cannot(s);
  if (not !== null)
    return nobody(s, fault, {
      code: 'ISOLATED',
      why: [...not.why, 'The primary cannot know that and stays in trouble until it is in contact or a person acts.'],
    });
  return takesOver(s, fault, 2, {
    code: 'VERDICT',
    why: [
      'The arbiter loses the primary too and lets the backup take over.',
      'The isolated primary stays in trouble and acknowledges nothing.',
    ],
  });
}

function membersDisconnected(s: Situation): Prediction {
  const fault = 'members-disconnected';
  if (s.mode === 'agent') return contactLost(s, fault);
  return continues(s, fault, 2, {
    code: 'PRIMARY_RESUMES',
    why: ['The arbiter reaches both members: the backup gives up through it, and the primary goes on.'],
  });
}

/** Agent controlled: the primary goes on, after a pause if the backup was active. */
function contactLost(s: Situation, fault: Fault): Prediction {
  if (s.backup.status === 'active')
    return continues(s, fault, 3, {
      code: 'PRIMARY_RESUMES',
      why: [
        notArbiterControlled(s),
        'The primary is in trouble for at most twice the QoS timeout after it has noticed, then goes on alone.',
      ],
    });
  return continues(s, fault, 0, { code: 'BACKUP_LOST_INACTIVE', why: ['No active backup is lost, so the primary works on.'] });
}

function backupLost(s: Situation): Prediction {
  const fault = 'backup-lost';
  if (s.mode === 'agent') return contactLost(s, fault);
  return continues(s, fault, 1, { code: 'PRIMARY_RESUMES', why: ['The arbiter loses the backup too, so the primary goes on.'] });
}

function arbiterLost(s: Situation): Prediction {
  const why =
    s.mode === 'arbiter'
      ? [
          'The members agree to switch to agent controlled mode.',
          'Until the arbiter is back, a lost host of the primary is not taken over from.',
        ]
      : ['The arbiter has no say now.'];
  return continues(s, 'arbiter-lost', 0, { code: 'ARBITER_LOST', why });
}

function backupAndArbiterLost(s: Situation): Prediction {
  const fault = 'backup-and-arbiter-lost';
  if (s.mode === 'agent') return contactLost(s, fault);
  return nobody(s, fault, {
    code: 'ISOLATED',
    why: [
      'The primary cannot tell this from being isolated, when the backup would take over.',
      'It goes on when the backup is back, or when a person states that the backup has not become primary.',
    ],
  });
}

/**
 * The situation as this member knows it; null: no operating primary is known here, so that there is nothing to predict.
 * @param agents whether the agents answered the other member last
 */
export function situationOf(state: MemberState, known: Pick<Facts, 'canTakeOver'>, agents: Situation['agents']): Situation | null {
  const { role, arbiter, qosMs, partner } = state;
  const common = { qosMs, agents, noFailover: state.durable.noFailover !== null };
  if (role.is === 'primary') {
    if (role.trouble !== null || role.frozen !== null) return null;
    const { backup } = role;
    const missing = partner === null ? 'none' : 'disconnected';
    return {
      ...common,
      mode: role.generation?.phase === 'bound' ? 'arbiter' : 'agent',
      backup: { status: backup === null ? missing : backup.active ? 'active' : 'not-active', able: backup?.canTakeOver === true },
      arbiter: { configured: arbiter.configured, primaryConnected: arbiter.connected, backupConnected: backup?.arbiter === true },
    };
  }
  if (role.is !== 'backup') return null;
  return {
    ...common,
    mode: role.generation?.phase === 'formed' ? 'arbiter' : 'agent',
    backup: { status: role.active !== null ? 'active' : 'not-active', able: known.canTakeOver },
    arbiter: { configured: arbiter.configured, primaryConnected: arbiter.otherConnected, backupConnected: arbiter.connected },
  };
}
