import type { Effect, Hello, HelloAnswer } from '../types.ts';
import { Q } from './events.ts';
import type { MemberProcess } from './member-process.ts';
import { common, positionAtEnd, type ModelJournal } from './model-journal.ts';
import type { End } from './network.ts';
import { PeerSide } from './peer-side.ts';

/** A member's dealings with the other one: dialling, being dialled, and the one connection that counts. */
export class PartnerSide {
  link: PeerSide | null = null;
  readonly #process: MemberProcess;
  #answerHello: ((answer: HelloAnswer) => void) | null = null;
  #dialling: End | null = null;
  #lastBeat = 0;
  #lastEchoed = Number.NEGATIVE_INFINITY;

  constructor(process: MemberProcess) {
    this.#process = process;
  }

  get ends(): (End | null)[] {
    return [this.link?.end ?? null, this.#dialling];
  }

  get lastBeatAt(): number {
    return Math.max(this.#lastBeat, this.link?.beatHeardAt ?? 0);
  }

  get lastEchoedAt(): number {
    return this.link?.echoedAt ?? this.#lastEchoed;
  }

  answerHello(answer: HelloAnswer): void {
    this.#answerHello?.(answer);
  }

  dial(effect: Extract<Effect, { do: 'dial-peer' }>): void {
    this.#dialling?.close();
    const { world, partner: name } = this.#process.member;
    const partner = world.member(name);
    const end = world.network.connect(
      this.#process,
      () => partner.process,
      partner.name,
      'data',
      (far) => partner.process?.partner.accept(far),
    );
    this.#dialling = end;
    let answered = false;
    const fail = (): void => {
      if (answered) return;
      answered = true;
      end.close();
      this.#process.input({ on: 'dial-failed', question: effect.question });
    };
    const timer = this.#process.in(Q / 2, fail);
    end.onClose = fail;
    end.onMessage = (raw) => {
      if (answered) return;
      answered = true;
      timer.cancel();
      if (this.#dialling === end) this.#dialling = null;
      this.#answered(end, effect, raw as { answer: HelloAnswer; journal: ModelJournal });
    };
    end.send(effect.hello);
  }

  #answered(
    end: End,
    { question }: Extract<Effect, { do: 'dial-peer' }>,
    { answer, journal }: { answer: HelloAnswer; journal: ModelJournal },
  ): void {
    const role = this.#process.state.role.is;
    if (answer.is !== 'primary' || role === 'primary' || role === 'taking' || role === 'down' || role === 'yielded') {
      end.close();
      return this.#process.input({ on: 'hello-answer', answer, question });
    }
    let lost = false;
    end.onClose = () => {
      lost = true;
    };
    this.#process.in(this.#process.slow(), () => {
      if (lost) return this.#process.input({ on: 'dial-failed', question });
      const { member, writes, state } = this.#process;
      if (state.role.is !== 'taking' && !writes) member.journal = common(member.journal, journal);
      this.#process.adopt(answer.membership);
      this.#process.input({ on: 'hello-answer', answer, question });
      if (this.#process.state.role.is !== 'backup' || this.link !== null) return end.close();
      const link = this.#establish(end);
      link.beat();
      link.send({ t: 'ready', from: positionAtEnd(this.#process.member.journal) });
    });
  }

  /** Somebody dialled this member. */
  accept(end: End): void {
    end.onMessage = (raw) => {
      const hello = raw as Hello;
      let reply: HelloAnswer | null = null;
      this.#answerHello = (answer) => {
        this.#answerHello = null;
        reply = answer;
        end.onMessage = () => undefined;
        end.send({ answer, journal: this.#process.member.journal });
        if (answer.is === 'primary' && hello.role !== 'in-trouble' && hello.role !== 'primary') this.#establish(end);
      };
      this.#process.input({ on: 'hello', hello });
      if (reply === null) end.close();
    };
  }

  #establish(end: End): PeerSide {
    this.hangUp();
    const made = new PeerSide(end, this.#process, {
      lost: (link, why) => {
        if (this.link !== link) return;
        this.#lastBeat = Math.max(this.#lastBeat, link.beatHeardAt);
        this.#lastEchoed = link.echoedAt;
        this.link = null;
        this.#process.input({ on: 'peer-lost', why });
      },
      frame: (link, frame) => {
        if (this.link === link) this.#process.frame(link, frame);
      },
      arbiter: () => this.#process.state.arbiter.connected,
      canTakeOver: () => this.#process.member.able,
    });
    this.link = made;
    return made;
  }

  hangUp(): void {
    const { link } = this;
    if (link === null) return;
    this.#lastBeat = Math.max(this.#lastBeat, link.beatHeardAt);
    this.#lastEchoed = link.echoedAt;
    this.link = null;
    link.close();
  }
}
