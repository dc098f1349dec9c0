import { GemelError } from '../../../api/errors.ts';
import { epochText } from '../../failover/index.ts';
import { agentAddresses, fetchJournal } from '../../agent-client.ts';
import { splitAddress, type Member } from '../../membership.ts';
import type { Mirror } from '../../mirror.ts';
import type { JournalReach, Position } from '../../../journal/index.ts';
import { nextSource } from './next-source.ts';

/** Least time between two rounds while the promotion is held. */
const AGAIN_MS_MIN = 1000;

/** A journal that a member serves itself (an async that has no primary) or its agent does (of one that is down). */
interface Source {
  readonly member: Member;
  readonly addresses: readonly { host: string; port: number }[];
  readonly reach: JournalReach;
}

/**
 * A member that was promoted without a partner gets what the other members have of the journal beyond its own: from who goes
 * furthest first, and then again, until nobody who can be reached has more of this history. Every attempt is logged, once for each
 * outcome.
 */
export class Collector {
  readonly #mirror: Mirror;
  /** By member: what was said of it last. It is asked again and again while no failover holds the promotion. */
  readonly #said = new Map<string, string>();

  #isKept = false;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
  }

  /** While no failover holds the promotion: members that come meanwhile may have more. */
  keepCollecting(): void {
    const { options, membership } = this.#mirror;
    if (this.#isKept) return;
    this.#isKept = true;
    void this.collect(() => this.#isHeld).then(() => {
      options.io.clock.timer(Math.max(AGAIN_MS_MIN, membership.qosMs), () => {
        this.#isKept = false;
        if (this.#isHeld) this.keepCollecting();
      });
    });
  }

  get #isHeld(): boolean {
    const { state, hasEnded } = this.#mirror;
    return !hasEnded && state.role.is === 'waiting' && state.durable.promotion?.isHeld === true;
  }

  /** Resolves when nobody who answers has more. @param wanted false: it is given up */
  async collect(wanted: () => boolean): Promise<void> {
    const failed = new Set<string>();
    while (wanted()) {
      const sources = await this.#sources(failed);
      const offers = sources.map(({ member, reach }) => ({ member: member.guid, reach }));
      const best = nextSource(this.#mirror.journal.reach, offers);
      const source = sources.find(({ member }) => member.guid === best?.member);
      if (source === undefined || !wanted()) return;
      if (!(await this.#fetch(source, wanted))) failed.add(source.member.guid);
    }
  }

  async #sources(failed: ReadonlySet<string>): Promise<Source[]> {
    const { membership, options } = this.#mirror;
    const others = membership.members.filter(({ guid }) => guid !== options.record.self && !failed.has(guid));
    return (await Promise.all(others.map((member) => this.#ask(member)))).flat();
  }

  /** Its instance, or else its agent. */
  async #ask(member: Member): Promise<Source[]> {
    const ways = [[...new Set([member.privateAddress, member.superserverAddress])].map(splitAddress), agentAddresses(member)];
    const why: string[] = [];
    for (const addresses of ways) {
      try {
        const reach = await this.#reachOf(member, addresses);
        this.#say(member, 'JOURNAL_SOURCE', `${member.name} was asked for journal data: its journal ends in ${reachText(reach)}.`, {
          from: member.name,
          ends: reachText(reach),
        });
        return [{ member, addresses, reach }];
      } catch (error) {
        if (!(error instanceof GemelError)) throw error;
        why.push(error.what);
      }
    }
    this.#say(member, 'JOURNAL_SOURCE_SILENT', `No journal data can be had from ${member.name}: ${why.join(' ')}`, {
      from: member.name,
      why: why.join(' '),
    });
    return [];
  }

  async #reachOf(member: Member, addresses: Source['addresses']): Promise<JournalReach> {
    let reach: JournalReach | undefined;
    const begin = (theirs: JournalReach): Promise<null> => {
      reach = theirs;
      return Promise.resolve(null);
    };
    await this.#talk(member, addresses, begin, () => undefined);
    if (reach === undefined) throw new GemelError('UNREACHABLE', 'It did not say what it has.');
    return reach;
  }

  /** @returns whether all of it came */
  async #fetch({ member, addresses, reach: { lineage, end } }: Source, wanted: () => boolean): Promise<boolean> {
    const { journal } = this.#mirror;
    let bytes = 0;
    const begin = (): Promise<Position> => Promise.resolve(journal.reach.end.position);
    const take = (piece: Buffer): void => {
      if (!wanted()) throw new GemelError('REFUSED', 'Collecting journal was given up.');
      bytes += piece.length;
      journal.receive().append(piece);
    };
    try {
      await this.#talk(member, addresses, begin, take);
      this.#mirror.note('JOURNAL_FETCHED', `${bytes} bytes of journal were fetched from ${member.name}.`, { from: member.name, bytes });
      return true;
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#mirror.note('JOURNAL_NOT_FETCHED', `${member.name} has more journal, and not all of it could be fetched: ${error.what}`, {
        from: member.name,
        ends: reachText({ lineage, end }),
        bytes,
        why: error.what,
      });
      return false;
    }
  }

  #talk(
    member: Member,
    addresses: Source['addresses'],
    begin: (reach: JournalReach) => Promise<Position | null>,
    take: (piece: Buffer) => void,
  ): Promise<void> {
    const { membership, options } = this.#mirror;
    const request = { t: 'fetch' as const, mirror: membership.guid, member: member.guid, asker: options.record.self };
    return fetchJournal({ net: options.net, clock: options.io.clock }, addresses, request, Math.max(1000, membership.qosMs), begin, take);
  }

  #say(member: Member, code: 'JOURNAL_SOURCE' | 'JOURNAL_SOURCE_SILENT', text: string, facts: Readonly<Record<string, string>>): void {
    if (this.#said.get(member.guid) === text) return;
    this.#said.set(member.guid, text);
    this.#mirror.note(code, text, facts);
  }
}

function reachText({ lineage, end }: JournalReach): string {
  const epoch = lineage.at(-1)?.epoch;
  return `epoch ${epoch === undefined ? '0.0' : epochText(epoch)}, ${end.position.file}:${end.position.offset}`;
}
