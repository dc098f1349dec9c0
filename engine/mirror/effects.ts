import { assertNever } from '../io/assert.ts';
import type { Durable, Effect } from './failover/index.ts';
import type { Mirror } from './mirror.ts';

/** What only the member itself does of what is decided. */
interface Own {
  /** Durable when it returns, or, with `bestEffort`, as far as the disk lets it. */
  readonly persist: (record: Partial<Durable>, bestEffort: boolean) => void;
  /** Decides anew at that monotonic ms. */
  readonly wakeAt: (at: number) => void;
}

/** Carries out what was decided, each effect by the part of the member that it concerns. */
export class Effects {
  readonly #mirror: Mirror;
  readonly #own: Own;
  /** The connection to the arbiter is closed from here: nobody is to be alarmed. */
  isLeavingArbiter = false;

  constructor(mirror: Mirror, own: Own) {
    this.#mirror = mirror;
    this.#own = own;
  }

  carryOut(effect: Effect): void {
    const mirror = this.#mirror;
    switch (effect.do) {
      case 'persist':
        return this.#own.persist(effect.record, effect.bestEffort === true);
      case 'gate':
        mirror.journal.writer?.setGate(effect.to);
        return;
      case 'tell-peer':
        return effect.message.m === 'beat' ? mirror.peers.link?.beat() : mirror.peers.tell(effect.message);
      case 'tell-membership':
        mirror.peers.link?.send({ t: 'membership', membership: mirror.membership });
        return mirror.followers.tell(mirror.membership);
      case 'answer-hello':
        return mirror.peers.answerHello(effect.answer);
      case 'dial-peer':
        return mirror.peers.dial(effect.hello, effect.question);
      case 'hang-up-peer':
        return mirror.peers.hangUp(effect.why);
      case 'tell-arbiter':
        return mirror.outside.tellArbiter(effect.message);
      case 'ask-around':
        return void mirror.peers.around.ask().then((heard) => mirror.input({ on: 'asked-around', ...heard }));
      case 'ask-agent':
        return void mirror.outside.askAgent(effect);
      case 'become-primary':
        return mirror.roles.become(effect);
      case 'undo-become':
        return mirror.roles.undoBecome(effect.why);
      case 'ask-hook':
        return mirror.roles.askHook(effect.hook);
      case 'notify':
        return mirror.options.hooks.notify(effect.what);
      case 'bind-vip':
        // Nothing binds one yet: nobody may believe that clients can use it.
        if (mirror.membership.vip !== undefined) {
          const { address } = mirror.membership.vip;
          mirror.note('VIP_NOT_BUILT', `The virtual address ${address} is not bound: this version only keeps it.`, { vip: address });
        }
        return mirror.input({ on: 'vip', bound: true, why: 'No virtual address is configured.' });
      case 'release-vip':
        return;
      case 'change-membership':
        return mirror.requests.carryOutChange(effect.id);
      case 'open':
        mirror.inconsistency.mended();
        return mirror.options.host.openForUsers();
      case 'resume':
        return mirror.options.host.resume();
      case 'drain':
        return void mirror.roles.drain();
      case 'step-down':
        return mirror.roles.stepDown(effect.why);
      case 'handed-over':
        return mirror.roles.handedOver(effect.accepted);
      case 'answer-request':
        return mirror.requests.answer(effect.id, effect.error);
      case 'log':
        return this.#logged(effect);
      case 'wake':
        return this.#own.wakeAt(effect.at);
      default:
        return assertNever(effect);
    }
  }

  #logged({ severity, code, text, facts }: Extract<Effect, { do: 'log' }>): void {
    if (code !== 'ARBITER_LOST' || !this.isLeavingArbiter) return this.#mirror.say(severity, code, text, facts);
    this.isLeavingArbiter = false;
    this.#mirror.say(0, code, 'The connection to the arbiter was closed here, because the mirror was changed or mirroring stopped.', facts);
  }
}
