import { conditionLine } from '../../api/conditions.ts';
import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import type { Handlers } from '../../api/rpc/index.ts';
import type { SeedResult } from '../../api/seeding.ts';
import type { MirrorDatabase, SeedSource } from '../../mirror/index.ts';
import { confirmed } from '../member/confirmed.ts';
import { requirePrimary } from '../member/databases/index.ts';
import type { SeedAsked } from '../member/host.ts';
import type { Place } from '../member/index.ts';
import { primaryOf } from '../member/primary-of.ts';
import { hereAt, type Here, type SeedContext } from './context.ts';
import { Board, followJob } from './follow.ts';
import { Keeper } from './keeper.ts';
import { Offers } from './offers.ts';
import { Pull } from './pull.ts';

type Params = Parsed<InstanceMethods, 'db.seed'>;

/** Copies of mirrored databases that members make from one another's: what is given to others, what is made here, and what others are asked for. */
export class Seeding {
  readonly handlers: Pick<Handlers<InstanceMethods>, 'db.seed'>;
  readonly #context: SeedContext;
  readonly #board = new Board();
  readonly #offers: Offers;
  readonly #keeper: Keeper;

  constructor(context: SeedContext) {
    this.#context = context;
    this.#offers = new Offers(context, (guid, member, news) => this.#board.heard(guid, member, news));
    this.#keeper = new Keeper(context, () => context.mirror.places);
    this.handlers = { 'db.seed': async (params) => ({ job: await this.#begin(params) }) };
  }

  /** Once the instance has taken its places. */
  start(): void {
    this.#keeper.start();
  }

  /** Something has changed in a mirror. */
  changed(): void {
    this.#keeper.changed();
  }

  /** Another member wants what this one has. Throws REFUSED. */
  source(asked: SeedAsked): SeedSource {
    return this.#offers.source(asked);
  }

  async close(): Promise<void> {
    this.#keeper.close();
    await this.#offers.close();
  }

  /** Every member is to have copies of these databases, which the mirror knows by now. @returns the job that follows it */
  wanted(place: Place, names: readonly string[]): string {
    const { member } = hereAt(place);
    const entries = member.membership.databases.filter(({ name }) => names.includes(name));
    const { log, jobs } = this.#context;
    for (const { name } of entries) {
      const text = `Every failover and disaster recovery member is to have a copy of ${name}, and makes it by itself.`;
      log(1, conditionLine('SEED_WANTED', text, { database: name }));
    }
    return jobs.start(followJob(entries, place, this.#board, this.#context));
  }

  /** Throws NOT_FOUND, REFUSED, EXISTS, USAGE, and why no copy can be had. */
  async #begin(params: Params): Promise<string> {
    const place = this.#context.mirror.place(params.mirror);
    const here = hereAt(place);
    if (primaryOf(here.member) === here.member.options.record.self) return this.#forAll(params, place, here);
    return this.#forMe(params, place, here);
  }

  async #forAll({ names, from, as, directory, overwrite }: Params, place: Place, here: Here): Promise<string> {
    if (from !== undefined || as !== undefined || directory !== undefined || overwrite)
      throw new GemelError(
        'USAGE',
        'On the primary this is done for all members; --from, --as, --dir and --overwrite are for one member’s copy.',
        'Nothing was changed.',
        'Give them on that member.',
      );
    const primary = requirePrimary(here, 'Copies for all members are asked for');
    const entries = names.map((name) => this.#entry(name, here));
    const chosen = new Set(entries.map(({ name }) => name));
    for (const { guid } of entries) this.#board.forget(guid);
    primary.member.changeMembership((m) => ({
      ...m,
      databases: m.databases.map((each) => (chosen.has(each.name) ? { ...each, wanted: (each.wanted ?? 0) + 1 } : each)),
    }));
    const id = this.wanted(place, [...chosen]);
    await confirmed(primary.member, primary.writer, [...chosen].join(', '));
    return id;
  }

  async #forMe({ names, from, as, directory, overwrite }: Params, place: Place, here: Here): Promise<string> {
    if (names.length > 1 && (as !== undefined || directory !== undefined))
      throw new GemelError('USAGE', '--as and --dir are for one database.', 'Nothing was changed.', 'Make the copies one by one.');
    const record = this.#keeper.record(place);
    if (record === null) throw new GemelError('REFUSED', 'This member is held.', 'Nothing was changed.', 'gemel mirror status says why.');
    const pulls = names.map((name) => {
      const { name: database } = this.#entry(name, here);
      return new Pull({ database, from: guidOf(from, here), as, directory, overwrite }, place, record, this.#context);
    });
    const holds: string[] = [];
    for (const pull of pulls) holds.push(...(await pull.check()));
    const title = `${pulls.length === 1 ? 'copy' : 'copies'} of ${names.map((name) => name.toUpperCase()).join(', ')}`;
    return this.#context.jobs.start<SeedResult>({
      kind: 'db.seed',
      title,
      cancellable: true,
      holds,
      run: async (job) => {
        const copies = [];
        for (const pull of pulls) copies.push(await pull.run(job));
        this.changed();
        return { message: copies.map(({ text }) => text).join(' '), copies };
      },
    });
  }

  /** By its name in the mirror, or here. Throws NOT_FOUND. */
  #entry(name: string, { member, host }: Here): MirrorDatabase {
    const upper = name.toUpperCase();
    const local = host.mirrored.all().find((each) => each.name === upper)?.mirror?.database;
    const { databases, mirror } = member.membership;
    const found = databases.find((each) => each.name === local) ?? databases.find((each) => each.name.toUpperCase() === upper);
    if (found !== undefined) return found;
    throw new GemelError(
      'NOT_FOUND',
      `The mirror ${mirror} has no database ${upper}.`,
      'Nothing was changed.',
      `It has: ${databases.map((each) => each.name).join(', ') || 'none'}.`,
    );
  }
}

/** Throws NOT_FOUND, USAGE. */
function guidOf(from: string | undefined, { member }: Here): string | null {
  if (from === undefined) return null;
  const found = member.membership.members.find(({ name }) => name === from.toUpperCase());
  if (found === undefined)
    throw new GemelError(
      'NOT_FOUND',
      `The mirror has no member ${from.toUpperCase()}.`,
      'Nothing was changed.',
      'gemel mirror status lists them.',
    );
  if (found.guid === member.options.record.self)
    throw new GemelError('USAGE', 'A copy is taken from another member.', 'Nothing was changed.', 'Say which: --from MEMBER.');
  return found.guid;
}
