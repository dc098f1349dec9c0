import path from 'node:path';
import { GemelError } from '../../api/errors.ts';
import type { SeedNews } from '../../api/seeding.ts';
import { AsideFile, removeAside } from '../../io/aside-file.ts';
import {
  Mirror,
  memberOf,
  SEED_PIECE_BYTES,
  type AsyncMember,
  type SeedAbout,
  type SeedPrepared,
  type SeedSource,
} from '../../mirror/index.ts';
import { backupJob } from '../backup/index.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { SeedAsked } from '../member/host.ts';
import type { Settings } from '../settings.ts';
import { pause, seedDirectory, type SeedContext } from './context.ts';

/** Nobody has asked for a backup for so long: it is removed. */
const KEPT_MS = 60_000;
/** `prepare` answers within. */
const PREPARE_MS = 1000;
/** A piece waits so long at most for journal blocks that are on their way to the backup member. */
const GIVE_WAY_MS = 100;
const LOOK_MS = 1;
const MB = 1024 * 1024;

/** A backup that is made for other members, and what reads it. */
interface Offer {
  readonly id: string;
  readonly file: string;
  readonly total: number;
  done: number;
  /** Of its file, once it is whole. */
  bytes: number | null;
  error: unknown;
  reader: Promise<AsideFile> | null;
  /** Connections that use it. */
  readonly users: Set<object>;
  expiry: { cancel(): void } | null;
  readonly ended: Promise<void>;
}

/** Told of each word of a member about its copy. */
export type Heard = (guid: string, member: string, news: SeedNews) => void;

/**
 * Copies of databases here for other members to make theirs from: one backup of a database for all that ask at a time, beside the database.
 * The database's file is held only while that is written, however slow the others are.
 */
export class Offers {
  readonly #context: SeedContext;
  readonly #heard: Heard;
  /** By the database's GUID. */
  readonly #offers = new Map<string, Offer>();
  readonly #abort = new AbortController();

  constructor(context: SeedContext, heard: Heard) {
    this.#context = context;
    this.#heard = heard;
  }

  /** Throws REFUSED when no copy can be had here. */
  source(asked: SeedAsked): SeedSource {
    const { database: name, asker, member } = asked;
    const found = (): OpenDatabase => databaseOf(asked, this.#context.settings);
    const guid = found().guid;
    const user = {};
    const other = memberOf(member.membership, asker)?.name ?? asker;
    return {
      about: () => this.#about(found(), asked),
      prepare: () => this.#prepare(found(), user),
      piece: (id, offset) => this.#piece(guid, id, offset, member),
      tell: (news) => {
        this.#heard(guid, other, news);
        return Promise.resolve();
      },
      close: () => this.#left(guid, user, name),
    };
  }

  async #about(database: OpenDatabase, { member, database: name }: SeedAsked): Promise<SeedAbout> {
    const entry = member.membership.databases.find((each) => each.name === name);
    if (entry === undefined) throw notHere(name, 'The mirror has no such database any more.');
    const { io, settings } = this.#context;
    const { maxSizeBytes } = database.nodes.meta();
    const namespaces = Object.entries(settings.Namespaces).filter(([, each]) => each.toUpperCase() === database.name);
    return {
      name: database.name,
      guid: database.guid,
      origin: entry.origin ?? 'created',
      created: entry.created,
      bytes: io.files.size(path.join(database.directory, 'GEMEL.DAT')),
      maxSizeMB: maxSizeBytes === null ? null : maxSizeBytes / MB,
      namespaces: namespaces.map(([namespace]) => ({ name: namespace, mappings: mappingsOf(settings, namespace) })),
    };
  }

  async #prepare(database: OpenDatabase, user: object): Promise<SeedPrepared> {
    const { clock } = this.#context.io;
    const offer = this.#offers.get(database.guid) ?? this.#begin(database);
    if (offer === null) {
      await pause(clock, PREPARE_MS, this.#abort.signal);
      return { id: null, bytes: 0, done: 0, total: 0 };
    }
    offer.users.add(user);
    offer.expiry?.cancel();
    offer.expiry = null;
    if (offer.bytes === null) await Promise.race([offer.ended, pause(clock, PREPARE_MS, this.#abort.signal)]);
    if (offer.error !== null) throw offer.error;
    const { id, bytes, done, total } = offer;
    return { id: bytes === null ? null : id, bytes: bytes ?? 0, done, total };
  }

  /** null: another job is at work on the database. */
  #begin(database: OpenDatabase): Offer | null {
    const { io, jobs } = this.#context;
    const directory = seedDirectory(database.directory);
    io.files.makeDirectory(directory);
    const id = io.random.guid();
    const file = path.join(directory, `${id}.backup`);
    const definition = backupJob({ databases: [database.name], file, level: 1 }, this.#context);
    const ended = Promise.withResolvers<void>();
    const total = io.files.size(path.join(database.directory, 'GEMEL.DAT'));
    const offer: Offer = {
      id,
      file,
      total,
      done: 0,
      bytes: null,
      error: null,
      reader: null,
      users: new Set(),
      expiry: null,
      ended: ended.promise,
    };
    try {
      jobs.start({
        ...definition,
        kind: 'db.seed',
        title: `backup of ${database.name} for members that lack it`,
        run: async (job) => {
          try {
            const progress = (now: Parameters<typeof job.progress>[0]): void => {
              offer.done = now.done;
              job.progress(now);
            };
            const result = await definition.run({ ...job, progress });
            offer.bytes = result.fileBytes;
            return result;
          } catch (error) {
            offer.error = error instanceof GemelError ? error : new GemelError('INTERNAL', 'The backup could not be made.');
            this.#offers.delete(database.guid);
            throw error;
          } finally {
            ended.resolve();
          }
        },
      });
    } catch (error) {
      if (error instanceof GemelError && error.code === 'BUSYLOCK') return null;
      throw error;
    }
    this.#offers.set(database.guid, offer);
    return offer;
  }

  async #piece(guid: string, id: string, offset: number, member: Mirror | AsyncMember): Promise<Uint8Array> {
    const offer = this.#offers.get(guid);
    if (offer?.id !== id || offer.bytes === null)
      throw new GemelError('NOT_FOUND', 'There is no such backup any more.', 'Nothing was changed.', 'A new one is made.', {
        code: 'SEED_NOT_HERE',
        facts: { database: guid },
      });
    await this.#giveWay(member);
    return (await (offer.reader ??= AsideFile.open(offer.file, 'read'))).read(offset, SEED_PIECE_BYTES);
  }

  /** Journal blocks go first: whoever has acknowledged them all waits for nothing. */
  async #giveWay(member: Mirror | AsyncMember): Promise<void> {
    const { clock } = this.#context.io;
    const until = clock.monotonicMs() + GIVE_WAY_MS;
    const isBusy = (): boolean => member instanceof Mirror && (member.peers.link?.sender?.unacknowledgedSince ?? null) !== null;
    while (isBusy() && clock.monotonicMs() < until) await pause(clock, LOOK_MS, this.#abort.signal);
  }

  #left(guid: string, user: object, name: string): void {
    const offer = this.#offers.get(guid);
    if (offer?.users.delete(user) === true && offer.users.size === 0) this.#expire(guid, offer, name);
  }

  #expire(guid: string, offer: Offer, name: string): void {
    offer.expiry = this.#context.io.clock.timer(KEPT_MS, () => {
      // While it is being made it cannot go.
      if (offer.bytes === null) this.#expire(guid, offer, name);
      else void this.#remove(guid, offer, name);
    });
  }

  async #remove(guid: string, offer: Offer, name: string): Promise<void> {
    this.#offers.delete(guid);
    try {
      if (offer.reader !== null) await (await offer.reader).close();
      await removeAside(offer.file);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#context.log(1, `A backup of ${name} for other members could not be removed: ${error.message}`);
    }
  }

  /** Nothing is offered any more. Those that are being made end with the jobs. */
  async close(): Promise<void> {
    this.#abort.abort();
    for (const [guid, offer] of [...this.#offers]) {
      offer.expiry?.cancel();
      if (offer.bytes === null) this.#offers.delete(guid);
      else await this.#remove(guid, offer, guid);
    }
  }
}

function notHere(database: string, why: string): GemelError {
  return new GemelError(
    'REFUSED',
    `No copy of ${database} can be had there now. ${why}`,
    'Nothing was changed.',
    'Take it from another member: gemel db seed --from MEMBER.',
    { code: 'SEED_NOT_HERE', facts: { database } },
  );
}

/** Throws REFUSED. */
function databaseOf({ database, mirrored }: SeedAsked, { Databases }: Pick<Settings, 'Databases'>): OpenDatabase {
  const found = mirrored.all().find((each) => each.mirror?.database === database);
  if (found === undefined) throw notHere(database, 'It is not mounted on that member.');
  // Others may know of it before all that belongs to it is there.
  if (!Object.keys(Databases).some((name) => name.toUpperCase() === found.name))
    throw notHere(database, 'It is being made on that member.');
  if (!found.fedByMirror) throw notHere(database, 'It takes updates of its own on that member.');
  const apart = mirrored.whyApart(found);
  if (apart !== null) throw notHere(database, apart);
  return found;
}

/** Lines of [Map.NAMESPACE] in gemel.cpf: an administrator's, and of later versions. */
function mappingsOf(settings: Readonly<Record<string, unknown>>, namespace: string): number {
  const maps = settings['Map'];
  const found: unknown = typeof maps === 'object' && maps !== null ? Object.entries(maps).find(([name]) => name === namespace)?.[1] : null;
  return typeof found === 'object' && found !== null ? Object.keys(found).length : 0;
}
