import type { Hello } from '../failover/index.ts';
import { isAsync, splitAddress } from '../membership.ts';
import type { Mirror } from '../mirror.ts';
import { parsePeerControl } from '../peer-protocol.ts';
import { Channel, kinds } from '../wire.ts';

/**
 * While the other failover member cannot be reached: one of the asyncs may have been promoted meanwhile, and this member have
 * another role that it does not know of. Whoever is a failover member now says so, with the membership.
 */
export class AskAround {
  readonly #mirror: Mirror;
  readonly #sayHello: (channel: Channel, hello: Hello) => void;
  #isAsking = false;

  constructor(mirror: Mirror, sayHello: (channel: Channel, hello: Hello) => void) {
    this.#mirror = mirror;
    this.#sayHello = sayHello;
  }

  /** One round at a time. */
  ask(hello: Hello): void {
    const asyncs = this.#mirror.membership.members.filter(isAsync);
    if (this.#isAsking || asyncs.length === 0) return;
    this.#isAsking = true;
    void Promise.all(asyncs.map((member) => this.#askOne(splitAddress(member.privateAddress), hello))).then(() => {
      this.#isAsking = false;
    });
  }

  async #askOne(address: { host: string; port: number }, hello: Hello): Promise<void> {
    const mirror = this.#mirror;
    const { clock } = mirror.options.io;
    const timeoutMs = Math.max(100, mirror.membership.qosMs / 2);
    const connection = await mirror.options.net.connect(address.host, address.port, timeoutMs).catch(() => null);
    if (connection === null) return;
    const channel = new Channel(connection, true, () => clock.monotonicMs());
    await new Promise<void>((resolve) => {
      const timer = clock.timer(timeoutMs, () => channel.close('no answer'));
      channel.onClose = () => {
        timer.cancel();
        resolve();
      };
      channel.onFrame = (kind, payload) => {
        const message = kind === kinds.control ? parsePeerControl(payload) : null;
        channel.close('answered');
        if (message?.t === 'refused' && message.membership !== undefined) mirror.learnMembership(message.membership);
      };
      this.#sayHello(channel, hello);
    });
  }
}
