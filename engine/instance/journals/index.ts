import type { InstanceMethods } from '../../api/contract.ts';
import type { Handlers } from '../../api/rpc/index.ts';
import { restoreJournals, type RestoreContext } from './restore.ts';
import type { JournalService } from './service.ts';

export { noteBackup } from './backups.ts';
export { JournalService } from './service.ts';

export type JournalMethod = 'journal.list' | 'journal.purge' | 'journal.sync' | 'journal.restore';

export function journalHandlers(service: JournalService, context: RestoreContext): Pick<Handlers<InstanceMethods>, JournalMethod> {
  return {
    'journal.list': (params) => service.list(params),
    'journal.purge': (params) => service.purge(params),
    'journal.sync': () => service.sync(),
    'journal.restore': (params) => restoreJournals(params, context),
  };
}
