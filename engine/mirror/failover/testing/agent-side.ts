import type { AgentAnswer, Effect } from '../types.ts';
import { Q } from './events.ts';
import type { MemberProcess } from './member-process.ts';
import { journalEnd } from './model-journal.ts';
import type { Process } from './network.ts';

/** One question to the agent of another host, on a connection of its own; the answer, or that there is none, comes back as an input. */
export function askAgent(process: MemberProcess, effect: Extract<Effect, { do: 'ask-agent' }>): void {
  const { member } = process;
  const { world } = member;
  const asked = world.member(effect.member);
  const agent: Process = { host: asked.name, alive: true, in: (ms, fn) => world.events.in(ms, () => (asked.hostUp ? fn() : undefined)) };
  const { seen } = member.durable;
  const above = !effect.grant ? null : seen.major > 0 ? seen : journalEnd(member.journal).epoch;
  let answered = false;
  const silent = (): void => {
    if (answered) return;
    answered = true;
    end.close();
    process.input({ on: 'agent-silent', member: effect.member, question: effect.question });
  };
  const end = world.network.connect(
    process,
    () => agent,
    asked.name,
    'agent',
    (far) => {
      far.onMessage = () => {
        if (effect.gaveUp !== null) asked.process?.input({ on: 'gave-up', member: member.name, had: effect.gaveUp });
        const answer = asked.ask(member.name, above);
        if (answer !== null) far.send(answer);
      };
    },
  );
  end.onClose = silent;
  end.onMessage = (raw) => {
    if (answered) return;
    answered = true;
    end.close();
    process.input({ on: 'agent', answer: raw as AgentAnswer, question: effect.question });
  };
  end.send({ t: 'ask' });
  process.in(Q / 2, silent);
}
