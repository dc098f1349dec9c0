import { GemelError } from '../api/errors.ts';
import { agentAddresses, askAgent } from './agent-client.ts';
import type { AgentReply } from './agent-protocol.ts';
import { ArbiterLink } from './arbiter-link.ts';
import { tellPromotion } from './asyncs/promotion/tell.ts';
import type { Effect, FromArbiter, ToArbiter } from './failover/index.ts';
import { readWord } from './gave-up.ts';
import { memberOf } from './membership.ts';
import type { Mirror } from './mirror.ts';

/** A member's dealings with the arbiter and the other member's agent. */
export class Outside {
  readonly #mirror: Mirror;
  #arbiter: ArbiterLink | null = null;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
  }

  /** Connects to the arbiter of the membership, if it has one; a connection to another one is closed. */
  connectArbiter(): void {
    this.close();
    const mirror = this.#mirror;
    const { arbiter, guid, mirror: name, qosMs } = mirror.membership;
    if (arbiter === null) return;
    const { io, net, record } = mirror.options;
    this.#arbiter = new ArbiterLink({
      net,
      clock: io.clock,
      address: arbiter,
      mirror: guid,
      mirrorName: name,
      member: record.self,
      boot: mirror.boot,
      qosMs,
      up: () => mirror.input({ on: 'arbiter-up' }),
      lost: () => mirror.input({ on: 'arbiter-lost' }),
      stillLost: (why) =>
        mirror.note(
          'ARBITER_UNREACHABLE',
          `The arbiter ${arbiter} cannot be reached: ${why}. Failover works in agent controlled mode; the connection is tried again.`,
          { arbiter, why },
        ),
      malformed: (why) =>
        mirror.note('ARBITER_MALFORMED', `The arbiter ${arbiter} sent something that is no message: ${why}.`, { arbiter, why }),
      message: (message: FromArbiter) => mirror.input({ on: 'arbiter', message }),
    });
  }

  tellArbiter(message: ToArbiter): void {
    this.#arbiter?.tell(message);
  }

  /** The answer, or that there is none, comes back as an input. */
  async askAgent({ member, grant, question, gaveUp }: Extract<Effect, { do: 'ask-agent' }>): Promise<void> {
    const mirror = this.#mirror;
    this.#lookForWord();
    const asked = memberOf(mirror.membership, member);
    if (asked === undefined) return mirror.input({ on: 'agent-silent', member, question });
    const { io, net, record } = mirror.options;
    const { seen } = mirror.durable;
    const above = seen.major > 0 ? seen : mirror.journal.end.epoch;
    try {
      const ask = (): Promise<AgentReply> =>
        askAgent(
          { net, clock: io.clock },
          agentAddresses(asked),
          { t: 'ask', mirror: mirror.membership.guid, member, asker: record.self, grantAbove: grant ? above : null, gaveUp },
          Math.max(200, mirror.membership.qosMs / 2),
        );
      let reply = await ask();
      if (await tellPromotion(mirror, asked, reply)) reply = await ask();
      // A change that this member was not told of, because it was down or cut off.
      if (reply.t === 'answer' && reply.membership !== undefined) mirror.changes.learn(reply.membership);
      if (reply.t !== 'answer') throw new GemelError('UNREACHABLE', 'The agent gave no answer to the question.');
      if (member === mirror.partner?.guid) mirror.hear(reply.answer.state === 'down' ? 'down' : reply.answer.role);
      mirror.input({ on: 'agent', answer: reply.answer, question });
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      mirror.input({ on: 'agent-silent', member, question });
    }
  }

  /** The agent of the other member is asked again and again in trouble: also what the backup has left with the own one counts. */
  #lookForWord(): void {
    const mirror = this.#mirror;
    const { role } = mirror.state;
    if (role.is !== 'primary' || role.trouble === null) return;
    const word = readWord(mirror.options.io.files, mirror.options.mgr);
    if (word !== null) mirror.input({ on: 'gave-up', ...word });
  }

  /** Ends the connection to the arbiter. */
  close(): void {
    this.#arbiter?.close();
    this.#arbiter = null;
  }
}
