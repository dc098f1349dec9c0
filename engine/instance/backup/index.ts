import type { InstanceMethods } from '../../api/contract.ts';
import type { Handlers } from '../../api/rpc/index.ts';
import type { Jobs } from '../jobs/index.ts';
import { backupJob } from './backup.ts';
import type { BackupContext } from './context.ts';
import { Freezer } from './freeze.ts';
import { restoreJob } from './restore.ts';
import { roleOf } from './role.ts';

export { backupJob } from './backup.ts';
export { placesOf, type BackupContext } from './context.ts';
export { finishRestores, removeDrafts } from './plan.ts';
export { restoreJob } from './restore.ts';
export { Room } from './room.ts';

type BackupMethod = 'db.backup' | 'db.restore' | 'db.freeze' | 'db.thaw' | 'mirror.role';

/** Backups, restores, freezing, and what backup scripts ask. */
export class Backups {
  readonly handlers: Pick<Handlers<InstanceMethods>, BackupMethod>;
  readonly #freezer: Freezer;

  constructor(context: BackupContext, jobs: Jobs) {
    const freezer = new Freezer(context);
    this.#freezer = freezer;
    this.handlers = {
      'db.backup': (params) => ({ job: jobs.start(backupJob(params, context)) }),
      'db.restore': (params) => ({ job: jobs.start(restoreJob(params, context)) }),
      'db.freeze': (params) => freezer.freeze(params),
      'db.thaw': () => freezer.thaw(),
      'mirror.role': ({ mirror }) => roleOf(context.settings.Startup.InstanceName, context.mirror, mirror),
    };
  }

  /** What is frozen is thawed: before anything waits for database files. */
  close(): Promise<void> {
    return this.#freezer.close();
  }
}
