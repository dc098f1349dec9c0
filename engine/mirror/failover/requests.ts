import type { MemberState } from './state.ts';
import type { Turn } from './turn.ts';

type What = 'hand-over' | 'no-failover' | 'change' | 'wish';

/** What people wait for an answer to. */
function underWay({ role, wish }: MemberState): Map<number, What> {
  const found = new Map<number, What>();
  const note = (id: number | null | undefined, what: What): void => {
    if (id !== null && id !== undefined) found.set(id, what);
  };
  note(wish?.id, 'wish');
  if (role.is === 'primary' || role.is === 'backup') note(role.pendingNoFailover?.id, 'no-failover');
  if (role.is !== 'primary') return found;
  note(role.yielding?.id, 'hand-over');
  note(role.changing?.id, 'change');
  return found;
}

/** Every request gets an answer: one that ended with the role it belonged to, whatever ended that, gets it here. */
export function answerDropped(turn: Turn, before: MemberState): void {
  const left = underWay(turn.state);
  const answered = new Set(turn.effects.flatMap((effect) => (effect.do === 'answer-request' ? [effect.id] : [])));
  for (const [id, what] of underWay(before)) if (!left.has(id) && !answered.has(id)) turn.answer(id, refusal(turn, what));
}

function refusal(turn: Turn, what: What): { code: string; text: string; facts: { role: string } } {
  const facts = { role: turn.roleName() };
  switch (what) {
    case 'change':
      return { code: 'NOT_PRIMARY', text: 'This member stopped being primary before the mirror was changed.', facts };
    case 'no-failover':
      return { code: 'UNREACHABLE', text: 'The role of this member changed before the other one confirmed.', facts };
    default:
      return { code: 'BUSY', text: 'The role of this member has changed meanwhile.', facts };
  }
}
