import { Client, type ClientWorld } from '../clients/client.ts';
import type { Served } from '../clients/service.ts';
import type { FailoverHostName, Way } from '../faults/kinds.ts';
import type { SimRandom } from '../io/index.ts';
import type { World } from './world.ts';

/** The clients' host and their way to the members: messages instead of bytes; a cut way loses them, a slow one delays them. */
export class ClientSide implements ClientWorld {
  readonly #world: World;
  readonly #random: SimRandom;
  readonly #clients: Client[] = [];
  readonly cut = new Set<Way>();
  readonly slowMs = new Map<Way, number>();
  readonly dice: ClientWorld['dice'];

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork('clients');
    const dice = this.#random.fork('dice');
    this.dice = { next: () => dice.float() };
  }

  get qosMs(): number {
    return this.#world.profile.qosMs;
  }

  get hosts(): readonly FailoverHostName[] {
    return this.#world.profile.roles === true ? ['A', 'B', 'D'] : ['A', 'B'];
  }

  get history(): World['history'] {
    return this.#world.history;
  }

  isGivenUp(major: number): boolean {
    return this.#world.ledger.isGivenUp(major);
  }

  start(count: number): void {
    for (let i = 1; i <= count; i += 1) this.#clients.push(new Client(this, `c${i}`, this.#world.profile.thinkMs));
  }

  stop(): void {
    for (const client of this.#clients) client.stop();
  }

  get areQuiet(): boolean {
    return this.#clients.every((client) => client.isQuiet);
  }

  after(ms: number, fn: () => void): { cancel(): void } {
    return this.#world.timeline.in(ms, fn);
  }

  note(text: string): void {
    this.#world.note('C', text);
  }

  #travel(way: Way, deliver: () => void): void {
    const ms = 0.1 + 0.4 * this.#random.float() + (this.slowMs.get(way) ?? 0) * this.#random.float();
    this.after(ms, () => {
      if (!this.cut.has(way)) deliver();
    });
  }

  toMember(host: FailoverHostName, deliver: () => void): void {
    this.#travel(`C>${host} client`, () => {
      const site = this.#world.site(host);
      if (!site.host.isOn) return;
      const process = site.instance?.process ?? null;
      // Who has no process there is refused by the system.
      if (process === null) deliver();
      else process.run(deliver);
    });
  }

  toClient(host: FailoverHostName, deliver: () => void): void {
    this.#travel(`${host}>C client`, deliver);
  }

  hangUp(host: FailoverHostName, served: Served): void {
    if (this.cut.has(`C>${host} client`)) this.after(this.qosMs / 2, () => this.hangUp(host, served));
    else this.toMember(host, () => served.close());
  }

  connect(host: FailoverHostName, cut: () => void): Served | null {
    return this.#world.site(host).instance?.service?.connect(cut) ?? null;
  }
}
