import path from 'node:path';
import { isStopped as isHalted } from '../../api/dejournaling.ts';
import { GemelError } from '../../api/errors.ts';
import type { Clock, Files } from '../../io/index.ts';
import type { Net } from '../../io/net.ts';
import { Mirror, type AsyncMember } from '../../mirror/index.ts';
import type { BackupContext } from '../backup/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { MemberHost } from '../member/host.ts';
import { memberAt, type Place } from '../member/index.ts';
import { mirroredHere, type Settings } from '../settings.ts';
import type { CopyHere } from './decide.ts';

export interface SeedContext extends BackupContext {
  readonly net: Net;
  readonly jobs: Jobs;
}

export interface Here {
  readonly member: Mirror | AsyncMember;
  readonly host: MemberHost;
}

/** The member at work in that place. Throws why it is not. */
export function hereAt(place: Place): Here {
  const member = memberAt(place);
  const { host } = place;
  if (host === null) throw new GemelError('TIMEOUT', 'This member is changing.', 'Nothing was changed.', 'Try again.');
  return { member, host };
}

/** What the member has of a database. @param database in the mirror */
export function copyOf({ host, member }: Here, database: string, settings: Settings): CopyHere {
  return {
    view: host.databases().find(({ name }) => name === database),
    isMapped: mirroredHere(settings, member.membership.mirror)[database] !== undefined,
  };
}

/** Dejournaling stands still on the whole member. */
export function isStopped({ member }: Here): boolean {
  return !(member instanceof Mirror) && isHalted(member.dejournaler.halt);
}

/** Within a database's directory: what is on its way to another member, or from one. */
const SEEDS = '.seed';

export function seedDirectory(directory: string): string {
  return path.join(directory, SEEDS);
}

/** Of the copies that are here already; what was on its way when the instance ended, but for `kept`, is removed. */
export function removeSeeds(files: Files, directories: readonly string[], kept: ReadonlySet<string>): void {
  for (const directory of directories.map(seedDirectory))
    for (const name of files.list(directory)) {
      const file = path.join(directory, name);
      if (!kept.has(file)) files.remove(file);
    }
}

/** Comes back after that time, or when the signal is aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.timer(ms, done);
    signal.addEventListener('abort', done);
  });
}
