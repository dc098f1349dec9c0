import type { Severity } from '../../main/contract/index.ts';

/** How worrying a journal transfer or dejournaling status is; null where it needs no mark. Being behind is not marked: under load it comes and goes. */
export function transferSeverity(status: string): Severity | null {
  return /^(Warning!|Disconnected)/.test(status) ? 'attention' : null;
}
