import path from 'node:path';
import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import type { Membership, Mirror } from '../../mirror/index.ts';
import { arbiterAddress } from './arbiter-address.ts';
import { changesCompression, compressionOf, compressionText } from './compression.ts';

/** How long a member that has the right by force may take to be primary before it is said that this is not certain. */
const FORCED_MS = 40_000;
/** How long the others wait for the role they lead to before they answer. */
const SETTLE_MS = 5000;

type Done = { message: string };

export const mirroringStopped =
  'Mirroring is stopped on this member. It stays stopped, also when the instance restarts: gemel mirror start';

/** What an operator does to a failover member, each with the words of its outcome. Refusals come from the decisions. */
export class Operator {
  readonly #mirror: Mirror;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
  }

  async noFailover(set: boolean): Promise<Done> {
    await this.#mirror.requests.ask(set ? 'set-no-failover' : 'clear-no-failover');
    return { message: set ? 'No failover is set on the mirror.' : 'No failover is cleared on the mirror.' };
  }

  async switchOver(): Promise<Done> {
    await this.#mirror.requests.ask('hand-over');
    return { message: 'The backup was asked to take over; this member becomes its backup.' };
  }

  async tryPrimary(): Promise<Done> {
    await this.#mirror.requests.ask('try-primary');
    if (await this.#primaryWithin(SETTLE_MS)) return { message: 'This member is primary.' };
    return {
      message: `This member has asked for the right to be primary and is not primary yet (it is ${this.#mirror.state.role.is}); its messages.log says how it goes on.`,
    };
  }

  /** Unconfirmed it throws a refusal that says what forcing would mean. */
  async forcePrimary({ confirmed }: Parsed<InstanceMethods, 'mirror.forcePrimary'>): Promise<Done> {
    try {
      await this.#mirror.requests.forcePrimary(confirmed);
    } catch (error) {
      throw error instanceof GemelError ? this.#withFile(error) : error;
    }
    if (await this.#primaryWithin(FORCED_MS)) return { message: 'This member was forced to become primary and is primary now.' };
    throw new GemelError(
      'TIMEOUT',
      `This member has the right to be primary and has not become it within ${FORCED_MS / 1000} seconds; it may have failed or may still be under way.`,
      'Nothing that is on this member is lost.',
      'Look at its messages.log and at gemel mirror status before you try anything else.',
    );
  }

  async resumePrimary(confirmed: Parsed<InstanceMethods, 'mirror.resumePrimary'>): Promise<Done> {
    await this.#mirror.requests.resumePrimary({
      backupIsDown: confirmed.otherIsDown,
      backupNeverBecamePrimary: confirmed.otherNeverBecamePrimary,
      backupHasNoNewerJournalFile: confirmed.otherHasNoNewerJournalFile,
    });
    if (await this.#primaryWithin(SETTLE_MS)) return { message: 'This member works on as primary.' };
    return { message: 'This member is resuming as primary; its messages.log says how it goes on.' };
  }

  async stopMirroring(): Promise<Done> {
    await this.#mirror.requests.ask('stop-mirroring');
    return { message: mirroringStopped };
  }

  async startMirroring(): Promise<Done> {
    await this.#mirror.requests.ask('start-mirroring');
    await this.#mirror.until(({ role }) => role.is === 'backup' || role.is === 'primary', SETTLE_MS);
    return { message: `Mirroring is started on this member (it is ${this.#mirror.state.role.is}).` };
  }

  /** Changes the arbiter, the QoS timeout or the compression of the whole mirror, while it works. */
  async edit({ arbiter, arbiterOnMemberHost, qosMs, ...given }: Parsed<InstanceMethods, 'mirror.edit'>): Promise<Done> {
    if (arbiter === undefined && qosMs === undefined && !changesCompression(given))
      throw new GemelError(
        'USAGE',
        'Nothing was said that should be changed.',
        'Nothing was changed.',
        'Give --arbiter, --qos, --compression-failover or --compression-async.',
      );
    const allowed = arbiterOnMemberHost ?? this.#mirror.membership.arbiterOnMemberHost;
    const address =
      arbiter === undefined || arbiter === null ? arbiter : await arbiterAddress(arbiter, this.#mirror.membership.members, allowed);
    await this.#mirror.requests.changeMembership((membership) => ({
      ...membership,
      arbiterOnMemberHost: allowed,
      ...(address === undefined ? {} : { arbiter: address }),
      ...(qosMs === undefined ? {} : { qosMs }),
      compression: compressionOf(given, membership.compression),
    }));
    const connected = await this.#mirror.until((state) => !state.arbiter.configured || state.arbiter.connected, SETTLE_MS);
    return { message: `${editText(this.#mirror.membership, connected)} ${compressionText(this.#mirror.membership)}` };
  }

  #primaryWithin(ms: number): Promise<boolean> {
    return this.#mirror.until(({ role }) => role.is === 'primary' && role.trouble === null, ms);
  }

  /** The journal file by its path too: who has access to the other host's files compares it with the newest there. */
  #withFile(error: GemelError): GemelError {
    const { condition } = error;
    const { files } = this.#mirror.journal.journal;
    const file = files.last;
    if (condition === null || file === undefined || !('file' in condition.facts)) return error;
    return new GemelError(error.code, error.what, error.safe, error.todo, {
      code: condition.code,
      facts: { ...condition.facts, path: path.join(files.directory, file.fileName) },
    });
  }
}

function editText({ arbiter, qosMs }: Membership, connected: boolean): string {
  const qos = `The QoS timeout is ${qosMs} ms.`;
  if (arbiter === null) return `The mirror has no arbiter. ${qos}`;
  return `The arbiter is ${arbiter}; this member is ${connected ? 'connected to it' : 'not connected to it yet'}. ${qos}`;
}
