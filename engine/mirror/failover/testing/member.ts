import { decideGrant } from '../agent.ts';
import { newDurable } from '../state.ts';
import type { AgentAnswer, Durable, Epoch } from '../types.ts';
import { MemberProcess } from './member-process.ts';
import { journalEnd, withBlock, type ModelJournal } from './model-journal.ts';
import type { World } from './world.ts';

/** hook: the administrator's hooks say no; vip: the address cannot be bound; disk: the journal cannot be written; unreadable: nor read. */
export type Ill = 'hook' | 'vip' | 'disk' | 'unreadable';

/** A failover member on its host: what lies on its disk, its process if it runs, and what the host's agent says of it. */
export class Member {
  readonly world: World;
  readonly name: string;
  readonly partner: string;
  durable: Durable = newDurable;
  journal: ModelJournal = [];
  process: MemberProcess | null = null;
  hostUp = true;
  /** Its databases could be opened by a primary. */
  able = true;
  /** What is wrong with it otherwise. */
  readonly ills = new Set<Ill>();
  membership = 1;

  constructor(world: World, name: string, partner: string) {
    this.world = world;
    this.name = name;
    this.partner = partner;
  }

  start(): void {
    this.hostUp = true;
    if (this.process !== null || this.ills.has('unreadable')) return;
    this.world.log(`${this.name} starts`);
    this.process = new MemberProcess(this);
    this.process.begin();
  }

  /** kill -9, or the whole host gone without a word. What was being written is in the file or is not. */
  crash(host: boolean): void {
    const process = this.process;
    if (host) this.hostUp = false;
    if (process === null) return;
    this.world.log(`${this.name} crashes${host ? ' with its host' : ''}`);
    const writing = process.unsynced;
    if (writing !== null && this.world.random() < 0.5) this.journal = withBlock(this.journal, writing);
    process.end(!host);
    this.process = null;
  }

  /** The process ends by itself. */
  exited(): void {
    this.world.log(`${this.name} ends`);
    this.process?.end(true);
    this.process = null;
  }

  /** The agent of this host; null: no answer. */
  ask(asker: string, above: Epoch | null): AgentAnswer | null {
    if (!this.hostUp) return null;
    const { boot, reign, period, seen } = this.durable;
    const none = {
      member: this.name,
      boot,
      reign,
      period,
      seen,
      membership: this.membership,
      role: null,
      journal: null,
      grant: null,
      refused: null,
      noFailover: false,
    };
    if (this.process !== null) return { ...none, state: 'operating', refused: { code: 'RUNNING', text: 'running', facts: {} } };
    const journal = this.ills.has('unreadable') ? null : journalEnd(this.journal);
    const down: AgentAnswer = { ...none, state: 'down', journal, noFailover: this.durable.noFailover !== null };
    if (above === null) return down;
    const decision = decideGrant({ durable: this.durable, members: ['A', 'B'], self: this.name, asker, above, journal });
    if ('refused' in decision) return { ...down, refused: decision.refused };
    this.world.log(`${this.name}'s agent grants to ${asker} above ${decision.grant.above.major}.${decision.grant.above.minor}`);
    this.durable = { ...this.durable, grant: decision.grant, validated: false };
    return { ...down, grant: decision.grant };
  }
}
