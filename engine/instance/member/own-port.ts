import { GemelError } from '../../api/errors.ts';
import type { Clock } from '../../io/index.ts';
import { memberOf, Mirror, splitAddress, type AsyncMember } from '../../mirror/index.ts';
import type { InstancePaths } from '../directory.ts';
import type { Log } from '../messages.ts';
import { updateSettings, type Settings } from '../settings.ts';

/** After a refusal, such as of a primary that makes another change, it is told once more. */
const AGAIN_MS = 2000;

export interface OwnPortContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Settings;
  readonly paths: InstancePaths;
  /** Listens on another port, and on those it listens on already until the instance ends. Throws PORT_IN_USE, RIGHTS, IO. */
  readonly listenAlso: (port: number) => Promise<void>;
}

/** What one mirror has not been told yet, while it is being told. */
interface Telling {
  under: Promise<void> | null;
  again: { cancel(): void } | null;
}

/**
 * The port of this instance's superserver. gemel.cpf has both the one that it listens on ([Startup] DefaultPort) and the one that each of its
 * mirrors knows ([Mirrors.NAME] SuperserverPort, left out while it is the same): as long as they differ its primary is told, again and again.
 */
export class OwnPort {
  readonly #context: OwnPortContext;
  readonly #telling = new Map<string, Telling>();

  constructor(context: OwnPortContext) {
    this.#context = context;
  }

  /** What a mirror has not been told yet; null: nothing. */
  #untold(mirror: string): { from: number; to: number } | null {
    const { Mirrors, Startup } = this.#context.settings;
    const section = Mirrors[mirror];
    const known = typeof section === 'object' ? section[KNOWN] : undefined;
    return known === undefined ? null : { from: Number(known), to: Startup.DefaultPort };
  }

  /** Listens there from now on; tells the primaries when it can. Resolves with what has been done. */
  async change(members: readonly (Mirror | AsyncMember)[], port: number): Promise<string> {
    const before = this.#context.settings.Startup.DefaultPort;
    if (port === before)
      throw new GemelError('USAGE', `The superserver listens on port ${port} already.`, 'Nothing was changed.', 'Give another port.');
    await this.#context.listenAlso(port);
    this.#note((s) => ({
      ...s,
      Startup: { ...s.Startup, DefaultPort: port },
      // A mirror that has not been told of the port before knows an older one.
      Mirrors: mapped(s.Mirrors, (section) => ({ [KNOWN]: String(before), ...section })),
    }));
    this.#context.log(1, `The superserver listens on port ${port} from now on, and on port ${before} until the instance ends.`);
    await Promise.all(members.map((member) => this.tell(member)));
    const isTold = members.every((member) => this.#untold(member.membership.mirror) === null);
    const others = isTold
      ? 'The other members have been told.'
      : 'The other members are told as soon as this one is connected to the primary.';
    return `The superserver listens on port ${port}; no restart is needed. ${others} Port ${before} is served until this instance is restarted.`;
  }

  /** To be called whenever the member's state may have changed. Never rejects. */
  tell(member: Mirror | AsyncMember): Promise<void> {
    const { mirror } = member.membership;
    const untold = this.#untold(mirror);
    const telling = this.#telling.get(mirror) ?? { under: null, again: null };
    if (untold === null || telling.again !== null || !canTell(member)) return Promise.resolve();
    this.#telling.set(mirror, telling);
    telling.under ??= this.#tell(member, untold, telling).finally(() => {
      telling.under = null;
    });
    return telling.under;
  }

  async #tell(member: Mirror | AsyncMember, { from, to }: { from: number; to: number }, telling: Telling): Promise<void> {
    const { mirror } = member.membership;
    // Without waiting the change would be asked for within the decision that made it possible.
    await Promise.resolve();
    try {
      if (hasPort(member, from)) await member.wish({ what: 'own-port', from, to });
      this.#note((s) => ({
        ...s,
        Mirrors: mapped(s.Mirrors, ({ [KNOWN]: known, ...section }, name) =>
          name === mirror || known === undefined ? section : { ...section, [KNOWN]: known },
        ),
      }));
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#context.log(0, `The primary of ${mirror} could not be told the new superserver port yet. ${error.what}`);
      telling.again = this.#context.clock.timer(AGAIN_MS, () => {
        telling.again = null;
        void this.tell(member);
      });
    }
  }

  #note(change: (settings: Settings) => Settings): void {
    const { settings, paths } = this.#context;
    const changed = change(updateSettings(paths.settings, change));
    Object.assign(settings, changed);
  }

  close(): void {
    for (const { again } of this.#telling.values()) again?.cancel();
  }
}

/** [Mirrors.NAME]: the superserver port of this member that the mirror knows, while it is another one than the real one. */
const KNOWN = 'SuperserverPort';

type Section = Record<string, string>;

function mapped(mirrors: Settings['Mirrors'], change: (section: Section, name: string) => Section): Settings['Mirrors'] {
  return Object.fromEntries(
    Object.entries(mirrors).map(([name, section]) => [name, typeof section === 'object' ? change(section, name) : section]),
  );
}

function canTell(member: Mirror | AsyncMember): boolean {
  if (!(member instanceof Mirror)) return member.primary !== null;
  const { role } = member.state;
  return (role.is === 'primary' && role.trouble === null) || role.is === 'backup';
}

/** Whether the mirror knows the member by that port. */
function hasPort(member: Mirror | AsyncMember, port: number): boolean {
  const self = memberOf(member.membership, member.self.guid);
  return self !== undefined && [self.privateAddress, self.superserverAddress].some((each) => splitAddress(each).port === port);
}
