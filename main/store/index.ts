import { AlertStore } from './alerts.ts';
import { openDatabase } from './database.ts';
import { DraftStore } from './drafts.ts';
import { EventStore } from './events.ts';
import { HistoryStore } from './history.ts';
import { AuditStore, JobStore } from './records.ts';
import { RunStore } from './runs.ts';
import { HostStore, SettingsStore } from './settings.ts';

export type { ActiveAlert, NewAlert } from './alerts.ts';
export type { NewEvent } from './events.ts';
export type { KnownHost } from './settings.ts';

/** What the console itself remembers. It keeps no truth about mirrors: losing this file loses history, not data. */
export interface Store {
  readonly settings: SettingsStore;
  readonly hosts: HostStore;
  readonly jobs: JobStore;
  readonly audit: AuditStore;
  readonly history: HistoryStore;
  readonly events: EventStore;
  readonly alerts: AlertStore;
  readonly drafts: DraftStore;
  readonly runs: RunStore;
  close(): void;
}

/**
 * Opens the store in `file`, made at first use.
 * @throws GemelError LOCKED, VERSION, DAMAGED, RIGHTS
 */
export function openStore(file: string): Store {
  const db = openDatabase(file);
  return {
    settings: new SettingsStore(db),
    hosts: new HostStore(db),
    jobs: new JobStore(db),
    audit: new AuditStore(db),
    history: new HistoryStore(db),
    events: new EventStore(db),
    alerts: new AlertStore(db),
    drafts: new DraftStore(db),
    runs: new RunStore(db),
    close: () => db.close(),
  };
}
