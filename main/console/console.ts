import os from 'node:os';
import path from 'node:path';
import { startAgent, stopAgent } from '../../engine/agent/start.ts';
import { VERSION } from '../../engine/api/version.ts';
import type { Clock } from '../../engine/io/index.ts';
import { databasesOf, findInstance, journalListOf, type ActionContext } from '../actions/index.ts';
import type { Alert, AppInfo } from '../contract/index.ts';
import { explain } from '../explain/index.ts';
import { formOf } from '../forms/index.ts';
import { Hosts } from '../hosts/index.ts';
import { openStore } from '../store/index.ts';
import type { AgentControl } from '../hosts/index.ts';
import type { Store } from '../store/index.ts';
import { monitorOf, overviewOf } from '../view/index.ts';
import type { MirrorSettingsOf } from '../view/index.ts';
import { DatabaseMatrices } from './databases.ts';
import { JournalReaders } from './journal-readers.ts';
import { Procedures } from '../procedures/index.ts';
import { membersAnswers } from './members.ts';
import { Operator } from './operator.ts';
import { PagePort } from './page.ts';
import type { CallHandlers, ChangeKind, PageSink, TopicSources } from './page.ts';
import { Watchers } from './watchers.ts';
import { whatIfAnswers } from './what-if.ts';

const NEWEST = 100;
const LOCAL_HOST = 'local';

interface ConsoleOptions {
  /** The host root of this computer; the console's own store is in `console/` below it. */
  readonly home: string;
  /** The root that `gemel` uses in a shell when it is not told another. */
  readonly defaultHome: string;
  readonly shell: AppInfo['shell'];
  readonly electron: string | null;
  readonly clock: Clock;
  /** For tests: other agents than real processes. */
  readonly control?: AgentControl;
}

/** The console's main process without a window: any number of pages connect to it. */
export interface ConsoleMain {
  /** A page has come: it talks through `sink`. */
  connect(sink: PageSink): PagePort;
  disconnect(page: PagePort): void;
  /** Called for each new alert, for the shell to show it. Gives the function that ends it. */
  onAlert(listener: (alert: Alert) => void): () => void;
  /** Ends everything of the console; agents and instances go on. */
  close(): void;
}

/**
 * Opens the store, reaches for every known host and starts this computer's agent where it does not answer.
 * @throws GemelError LOCKED when another console has this home open, and what the store throws
 */
export function openConsoleMain(options: ConsoleOptions): ConsoleMain {
  const store = openStore(path.join(options.home, 'console', 'console.db'));
  const pages = new Set<PagePort>();
  const changed = (kind: ChangeKind): void => {
    for (const page of pages) page.changed(kind);
  };
  const { clock } = options;
  store.hosts.put({ id: LOCAL_HOST, label: os.hostname(), kind: 'local', home: options.home, demo: false });
  const hosts = new Hosts({
    known: store.hosts.list(),
    control: options.control ?? { startAgent, stopAgent },
    defaultHome: options.defaultHome,
    clock,
  });
  const context: ActionContext = { hosts, store, home: options.home };
  const watchers = new Watchers({ hosts, store, clock, changed: () => changed('alerts') });
  const operator = new Operator({
    context,
    who: os.userInfo().username,
    now: () => clock.wallMs(),
    changed,
    told: (job) => watchers.job(job),
  });
  const procedures = new Procedures({
    hosts,
    store,
    now: () => clock.wallMs(),
    changed: () => changed('procedures'),
    record: (what, mirror, detail) => operator.record(what, mirror, 'changed', detail),
  });
  hosts.onChange(() => {
    procedures.follow();
    changed('world');
  });
  let open = true;
  ensureLocalAgent(hosts, (problem) => {
    if (open) operator.record('Start the agent of this computer', os.hostname(), 'failed', problem);
  });
  const journals = new JournalReaders(hosts, clock);
  const databases = new DatabaseMatrices({ hosts, now: () => clock.wallMs(), changed: () => changed('databases') });
  const handlers = handlersOf({ options, context, operator, procedures, watchers, journals, changed });
  const now = (): number => clock.wallMs();
  const whatIf = whatIfAnswers({ hosts, now, changed: () => changed('what-if') });
  const members = membersAnswers({ hosts, now, changed: () => changed('members') });
  const sources = sourcesOf({ store, hosts, operator, procedures, whatIf, members, watchers, databases });
  return {
    connect: (sink) => {
      const page = new PagePort({ handlers, sources, sink, clock });
      pages.add(page);
      return page;
    },
    disconnect: (page) => {
      page.close();
      pages.delete(page);
    },
    onAlert: (listener) => watchers.onAlert(listener),
    close: () => {
      open = false;
      for (const page of pages) page.close();
      pages.clear();
      operator.close();
      whatIf.close();
      watchers.close();
      members.close();
      databases.close();
      journals.closeAll();
      hosts.close();
      store.close();
    },
  };
}

/** In the background: the first page need not wait. A failure is in the audit log, and the host shows as not answering. */
function ensureLocalAgent(hosts: Hosts, failed: (problem: string) => void): void {
  const started = hosts.get(LOCAL_HOST).startAgent();
  started.catch((error: unknown) => failed(error instanceof Error ? error.message : String(error)));
}

function handlersOf({
  options,
  context,
  operator,
  procedures,
  watchers,
  journals,
  changed,
}: {
  options: ConsoleOptions;
  context: ActionContext;
  operator: Operator;
  procedures: Procedures;
  watchers: Watchers;
  journals: JournalReaders;
  changed(kind: ChangeKind): void;
}): CallHandlers {
  const { store } = context;
  return {
    'app.info': () => ({
      version: VERSION,
      shell: options.shell,
      home: options.home,
      platform: process.platform,
      node: process.version,
      electron: options.electron,
    }),
    plan: (action) => operator.plan(action),
    run: (action) => operator.run(action),
    form: ({ form, about, values }) => {
      const now = options.clock.wallMs();
      if (values !== undefined) store.drafts.put(form, about, values, now);
      return formOf(form, about, values ?? store.drafts.get(form, about, now), context);
    },
    'form.forget': ({ form, about }) => {
      store.drafts.forget(form, about);
      return {};
    },
    'procedure.start': ({ mirror, procedure }) => ({ run: procedures.start(mirror, procedure) }),
    'procedure.confirm': ({ run, step }) => {
      procedures.confirm(run, step);
      return {};
    },
    'procedure.abandon': ({ run }) => {
      procedures.abandon(run);
      return {};
    },
    'job.get': ({ job }) => operator.job(job),
    'job.cancel': ({ job }) => {
      operator.cancel(job);
      return {};
    },
    'lost.page': ({ instance, mirror, report, from }) => {
      const { host, facts } = findInstance(context, instance);
      return host.callInstance(facts.name, 'mirror.lostPage', { mirror, report, from });
    },
    'audit.list': ({ before, limit, filter }) => store.audit.list(limit, before, filter),
    history: (query) => store.history.read(query, options.clock.wallMs()),
    'history.lags': (query) => store.history.readLags(query, options.clock.wallMs()),
    'history.events': (query) => store.events.list(query),
    explain: ({ mirror, at }) => explain(context.hosts, mirror, at),
    'alerts.past': ({ before, limit }) => store.alerts.past(limit, before),
    'alerts.acknowledge': ({ alerts }) => {
      for (const alert of watchers.acknowledge(alerts, operator.who))
        operator.record('Acknowledge an alert', alert.mirror ?? alert.subject, 'changed', alert.text);
      return {};
    },
    'settings.theme': ({ theme }) => {
      store.settings.setTheme(theme);
      changed('settings');
      return {};
    },
    'settings.mirror': ({ mirror, environment, locked }) => {
      store.settings.setMirror(mirror, {
        ...(environment === undefined ? {} : { environment }),
        ...(locked === undefined ? {} : { locked }),
      });
      const words = [
        environment === undefined ? '' : `environment ${environment}`,
        locked === undefined ? '' : locked ? 'locked' : 'unlocked',
      ];
      operator.record('Change what the console keeps about a mirror', mirror, 'changed', words.filter((w) => w !== '').join(', '));
      changed('settings');
      return {};
    },
    'database.list': ({ instance }) => databasesOf(instance, context),
    'journal.list': ({ instance }) => journalListOf(instance, context),
    'journal.open': (params) => journals.open(params),
    'journal.read': (params) => journals.read(params),
    'journal.close': ({ reader }) => {
      journals.close(reader);
      return {};
    },
  };
}

function sourcesOf({
  store,
  hosts,
  operator,
  procedures,
  whatIf,
  watchers,
  members,
  databases,
}: {
  store: Store;
  hosts: Hosts;
  operator: Operator;
  procedures: Procedures;
  whatIf: ReturnType<typeof whatIfAnswers>;
  members: ReturnType<typeof membersAnswers>;
  watchers: Watchers;
  databases: DatabaseMatrices;
}): TopicSources {
  const settings: MirrorSettingsOf = (mirror) => store.settings.mirror(mirror);
  return {
    overview: { kinds: ['world', 'settings'], value: () => overviewOf(hosts.world(), settings) },
    mirror: { kinds: ['world', 'settings'], value: ({ mirror }) => monitorOf(hosts.world(), mirror, settings) },
    whatIf: { kinds: ['world', 'what-if'], value: ({ mirror }) => whatIf.of(mirror) },
    procedures: { kinds: ['world', 'procedures'], value: ({ mirror }) => procedures.of(mirror) },
    members: { kinds: ['world', 'members'], value: ({ mirror }) => members.of(mirror) },
    jobs: { kinds: ['jobs'], value: () => store.jobs.newest(NEWEST) },
    job: { kinds: ['jobs'], value: ({ job }) => operator.job(job) },
    settings: { kinds: ['settings'], value: () => store.settings.get() },
    audit: { kinds: ['audit'], value: () => store.audit.list(NEWEST) },
    alerts: { kinds: ['alerts'], value: () => watchers.active },
    pastAlerts: { kinds: ['alerts'], value: () => store.alerts.past(NEWEST) },
    databases: { kinds: ['world', 'databases'], value: ({ mirror }) => databases.of(mirror), onlyNew: true },
  };
}
