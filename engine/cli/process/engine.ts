import type { InstanceMethods } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import type { Handlers } from '../../api/rpc/index.ts';
import type { InstanceStatus } from '../../api/status.ts';
import { VERSION } from '../../api/version.ts';
import type { Engine, EngineContext } from '../../instance/host.ts';
import { BackgroundComparison, beginComparison, compareHandlers } from '../../instance/compare/index.ts';
import { Backups, finishRestores } from '../../instance/backup/index.ts';
import { jobHandlers, Jobs } from '../../instance/jobs/index.ts';
import { journalHandlers, JournalService, type JournalMethod } from '../../instance/journals/index.ts';
import { LockTable } from '../../instance/locks.ts';
import { finishDeletions, hookExecutor, memberWatch, MirrorService, type Lifted } from '../../instance/member/index.ts';
import { Monitor } from '../../instance/monitor.ts';
import { Seeding } from '../../instance/seeding/index.ts';
import { Store } from '../../instance/store/index.ts';
import { verifyAside } from '../../database/index.ts';
import { realIo } from '../../io/index.ts';
import { realNet, socketConnection } from '../../io/net.ts';
import { MAGIC, openHooks } from '../../mirror/index.ts';
import { createSuperserver, listenShared, type SharedPort, type Superserver } from '../../superserver/index.ts';
import { createWebServer, type Counters } from '../../web/index.ts';
import { hookClient } from './hook-client.ts';

/** An instance: databases and journals, the superserver, and its place in a mirror. */
export async function startEngine(context: EngineContext): Promise<Engine> {
  const { paths, settings, log, clock } = context;
  finishRestores({ files: realIo.files, paths, settings, log });
  await finishDeletions({ io: realIo, paths, settings, log });
  const store = await Store.open({ io: realIo, paths, settings, log });
  const locks = new LockTable();
  const jobs = new Jobs({ clock, log });
  const superserver = createSuperserver({ executor: store.executor, locks, clock, log, version: VERSION });
  const changed = (): void => {
    monitor.changed();
    seeding.changed();
  };
  // One for the life of the instance: its executor keeps what listens to it.
  let forHooks: Superserver | undefined;
  const hookServer = (lifted: Lifted): Superserver =>
    (forHooks ??= createSuperserver({ executor: hookExecutor(store.executor, lifted), locks, clock, log, version: VERSION }));
  store.onJournalFailed((why) => {
    superserver.disconnectAll(why);
    changed();
  });
  const listening = { host: settings.Startup.ListenAddress, port: settings.Startup.DefaultPort };
  let webPort = settings.Startup.WebServerPort;
  const mirror: MirrorService = new MirrorService({
    io: realIo,
    net: realNet,
    paths,
    settings,
    home: context.home,
    log,
    store,
    changed,
    resetClients: () => superserver.disconnectAll(),
    end: (reason) => context.end(reason),
    byPerson: context.byPerson,
    openHooks: (identity) => openHooks({ directory: paths.directory, identity, io: realIo, log }),
    openWatch: (options) => memberWatch(paths.run, log, options),
    hookClient: (lifted) => hookClient(hookServer(lifted)),
    superserver: () => listening,
    seedSource: (asked) => seeding.source(asked),
    seedWanted: (place, databases) => seeding.wanted(place, databases),
    listenAlso: async (port) => {
      ports.push(await listen(port));
      listening.port = port;
    },
  });
  const journals = new JournalService({ io: realIo, paths, settings, log, store, places: () => mirror.places });
  const copying = { io: realIo, paths, settings, log, store, mirror, resetClients: () => superserver.disconnectAll() };
  const backups = new Backups(copying, jobs);
  const seeding = new Seeding({ ...copying, net: realNet, jobs });
  const status = (): InstanceStatus => {
    const problem = mirror.places.flatMap(({ held }) => held?.problem ?? [])[0];
    return {
      name: settings.Startup.InstanceName,
      directory: paths.directory,
      state: 'running',
      pid: process.pid,
      version: VERSION,
      superserverPort: listening.port,
      webPort,
      mirrors: mirror.memberships,
      ...(problem === undefined ? {} : { problem }),
    };
  };
  const monitor = new Monitor({ clock, store, mirror, status, clients: () => superserver.connectionCount });
  const listen = (port: number): Promise<SharedPort> =>
    listenShared({
      host: listening.host,
      port,
      instance: settings.Startup.InstanceName,
      clock,
      log,
      magic: MAGIC,
      client: (socket, head) => superserver.attach(socket, head),
      member: (socket, head) => mirror.accept(socketConnection(socket, head)),
    });
  const ports = [await listen(listening.port)];
  listening.port = ports[0]?.port ?? listening.port;
  const web = createWebServer({
    instance: settings.Startup.InstanceName,
    snapshot: () => monitor.snapshot(),
    counters: () => countersOf(store, monitor, superserver),
    log,
  });
  webPort = await web.listen(listening.host, webPort);
  const comparing = { io: realIo, net: realNet, log, jobs, place: (name: string | undefined) => mirror.place(name) };
  const background = new BackgroundComparison({
    io: realIo,
    paths,
    days: settings.MirrorMember.CompareDays,
    places: () => mirror.places,
    compare: (name) => void beginComparison(comparing, { mirror: name, repair: false }),
  });
  await mirror.start();
  journals.start();
  seeding.start();
  return {
    handlers: {
      ...handlers({ store, mirror, status, jobs, comparing, backups }),
      ...seeding.handlers,
      ...journalHandlers(journals, { io: realIo, store, paths, jobs }),
    },
    topics: { monitor: monitor.topic, jobs: jobs.topic },
    stop: async ({ nofailover }) => {
      background.close();
      const unseeded = seeding.close();
      // None of them holds a hand-over up.
      const ended = Promise.all([jobs.close(), journals.close()]);
      // Frozen files would.
      await backups.close();
      await mirror.stop(nofailover);
      await Promise.all([ended, unseeded]);
      for (const each of ports) each.close();
      await web.close();
      await superserver.close();
      await forHooks?.close();
      monitor.close();
      await store.close();
    },
  };
}

/** What the web port counts. */
function countersOf(store: Store, monitor: Monitor, { metrics }: Superserver): Counters {
  const { commands, errors, connectionsAccepted, connectionsRefused, bytesIn, bytesOut } = metrics;
  const { updates } = store.executor;
  return {
    updates,
    journalBytes: monitor.journalBytes,
    commands,
    commandErrors: errors,
    connectionsAccepted,
    connectionsRefused,
    bytesIn,
    bytesOut,
  };
}

function handlers({
  store,
  mirror,
  status,
  jobs,
  comparing,
  backups,
}: {
  store: Store;
  mirror: MirrorService;
  status: () => InstanceStatus;
  jobs: Jobs;
  comparing: Parameters<typeof compareHandlers>[0];
  backups: Backups;
}): Omit<Handlers<InstanceMethods>, 'instance.stop' | 'db.seed' | 'log.read' | JournalMethod> {
  return {
    'instance.status': () => status(),
    'db.list': () => store.list(),
    'db.create': async (params) => {
      if (params.mirrored) {
        const { made, job } = await mirror.createDatabase(params);
        return { ...store.view(made), ...(job === null ? {} : { job }) };
      }
      if (params.mirrorDatabase !== undefined || params.mirror !== undefined || params.wholeMirror) {
        throw new GemelError(
          'USAGE',
          'A mirror, a mirror database name and --whole-mirror belong to a mirrored database.',
          'Nothing was made.',
          'Add --mirrored, or leave them out.',
        );
      }
      const place = store.checkNew(params.name, params.directory);
      return store.view(await store.create({ ...place, namespace: params.namespace, maxSizeMB: params.maxSizeMB, mirror: null }));
    },
    'db.clearFailoverDB': (params) => mirror.clearFailoverDB(params),
    'db.verify': async ({ name }) => {
      const database = store.executor.namespaces.find(name);
      if (database === undefined) throw new GemelError('NOT_FOUND', `There is no mounted database ${name.toUpperCase()}.`);
      await store.contained(database, mirror.places.find((place) => place.mirror === database.mirror?.name)?.journalEnd ?? null);
      const found = await verifyAside(database.directory);
      return {
        sound: found.sound,
        nodes: found.nodes,
        digest: found.digest,
        position: found.position === null ? '' : `${found.position.file}:${found.position.offset}`,
        problems: [...found.problems],
      };
    },
    'mirror.create': (params) => mirror.create(params),
    'mirror.join': (params) => mirror.join(params),
    'mirror.admit': (params) => mirror.admit(params),
    'mirror.status': ({ mirror: name }) => mirror.status(name),
    'mirror.configuration': ({ mirror: name }) => mirror.configuration(name),
    'mirror.whatIf': ({ mirror: name }) => mirror.whatIf(name),
    'mirror.setNoFailover': () => mirror.operator().noFailover(true),
    'mirror.clearNoFailover': () => mirror.operator().noFailover(false),
    'mirror.switchOver': () => mirror.operator().switchOver(),
    'mirror.tryPrimary': () => mirror.operator().tryPrimary(),
    'mirror.forcePrimary': (params) => mirror.forcePrimary(params),
    'mirror.resumePrimary': (params) => mirror.operator().resumePrimary(params),
    'mirror.stop': ({ mirror: name }) => mirror.stopMirroring(name),
    'mirror.start': ({ mirror: name }) => mirror.startMirroring(name),
    'mirror.promote': (params) => mirror.promote(params),
    'mirror.demote': ({ mirror: name }) => mirror.demote(name),
    'mirror.dejournal': (params) => mirror.dejournal(params),
    'mirror.filter': (params) => mirror.filter(params),
    'mirror.changeType': (params) => mirror.changeType(params),
    'mirror.lostReports': ({ mirror: name }) => mirror.lost(name).reports(),
    'mirror.lostPage': ({ mirror: name, report, from }) => mirror.lost(name).page(report, from),
    'mirror.rebuild': (params) => mirror.rebuild(params),
    'mirror.edit': (params) => mirror.edit(params),
    'mirror.removeMember': (params) => mirror.removeMember(params),
    'mirror.remove': (params) => mirror.remove(params),
    'journal.switch': async () => {
      const writer = mirror.mirror?.journal.writer;
      const position = await (writer === null || writer === undefined ? store.switchLocalJournal() : writer.switch('operator'));
      return { file: String(position.file) };
    },
    ...mirror.databases.handlers(jobs),
    ...jobHandlers(jobs),
    ...compareHandlers(comparing),
    ...backups.handlers,
  };
}
