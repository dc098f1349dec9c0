import type { InstanceMethods } from '../../api/contract.ts';
import type { Handlers } from '../../api/rpc/index.ts';
import type { JournalService } from './service.ts';

export { JournalService } from './service.ts';

export type JournalMethod = 'journal.list' | 'journal.purge' | 'journal.sync';

export function journalHandlers(service: JournalService): Pick<Handlers<InstanceMethods>, JournalMethod> {
  return {
    'journal.list': (params) => service.list(params),
    'journal.purge': (params) => service.purge(params),
    'journal.sync': () => service.sync(),
  };
}
