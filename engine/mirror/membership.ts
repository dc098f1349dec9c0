import { z } from 'zod';
import type { Durable } from './failover/index.ts';
import type { Files } from '../io/index.ts';
import { SharedProperties } from '../api/database-properties.ts';
import { GemelError } from '../api/errors.ts';
import { MemberType } from '../api/status.ts';
import path from 'node:path';
import { Compression, systemSelected } from '../api/compression.ts';
import { DejournalSetting } from '../api/dejournaling.ts';
import { ParallelDejournaling } from '../api/parallel.ts';
import { VirtualAddress } from './editing/settings.ts';
import { EpochShape, GrantShape, PeriodShape, PositionShape, ReignShape } from './shapes.ts';

/** The mirror's configuration as every member keeps it, and what a failover member must find again after a crash. */

export const Member = z.object({
  guid: z.string(),
  name: z.string(),
  /** Instance name on its host, which its agent knows it by. */
  instance: z.string(),
  type: MemberType,
  /** HOST:PORT each */
  superserverAddress: z.string(),
  privateAddress: z.string(),
  agentAddress: z.string(),
  /** Where the virtual address is bound on this member, if not on the mirror's interface. */
  vipInterface: z.string().optional(),
});
export type Member = z.infer<typeof Member>;

/** A database of the mirror. */
const MirrorDatabase = z.object({
  name: z.string(),
  /** Another one when the database is made anew: a copy of the former one is obsolete then. */
  guid: z.string(),
  /** Position in the mirror's journal from which that has every update of it. */
  created: PositionShape,
  /** Added with data that the mirror's journal does not have. Left out: it was created in the mirror, empty. */
  origin: z.enum(['created', 'added']).optional(),
  /** Every failover and disaster recovery member makes a copy by itself; a higher number is a new wish for that. Left out: each is made by hand. */
  wanted: z.number().int().optional(),
  /** What the copies are kept to. Left out: nothing was said of them since an earlier version made it. */
  properties: SharedProperties.optional(),
});
export type MirrorDatabase = z.infer<typeof MirrorDatabase>;

export const Membership = z.object({
  mirror: z.string(),
  guid: z.string(),
  /** Grows with every change. */
  version: z.number().int(),
  qosMs: z.number(),
  /** HOST:PORT; null: none configured. */
  arbiter: z.string().nullable(),
  /** An arbiter on a member's host is allowed: the demo, and tests on one computer. */
  arbiterOnMemberHost: z.boolean(),
  /** Of journal to other members. Records of an earlier version do not have it. */
  compression: Compression.default(systemSelected),
  members: z.array(Member),
  /** Left out: `defaultParallel`. */
  parallelDejournaling: ParallelDejournaling.optional(),
  /** Left out: the mirror has none. */
  vip: VirtualAddress.optional(),
  databases: z.array(MirrorDatabase),
});
export type Membership = z.infer<typeof Membership>;

const DurableShape = z.object({
  period: PeriodShape.nullable(),
  grant: GrantShape.nullable(),
  noFailover: EpochShape.nullable(),
  stoppedNoFailover: z.boolean(),
  yielded: EpochShape.nullable(),
  seen: EpochShape,
  // Records of an earlier version do not have what follows.
  boot: z.string().default(''),
  reign: ReignShape.nullable().default(null),
  forcedDown: z.boolean().default(false),
  validated: z.boolean().default(true),
  mirroringStopped: z.boolean().default(false),
  lastSeenPrimary: z.object({ primary: z.string(), epoch: EpochShape, active: z.boolean() }).nullable().default(null),
  promotion: z.object({ isHeld: z.boolean() }).nullable().default(null),
});

const Record = z.object({
  self: z.string(),
  membership: Membership,
  durable: DurableShape,
  dejournaling: DejournalSetting.optional(),
  filter: z.string().nullable().optional(),
  inconsistent: z.string().optional(),
});
export type MirrorRecord = {
  readonly self: string;
  readonly membership: Membership;
  readonly durable: Durable;
  /** Of an async member; left out: continuous. */
  readonly dejournaling?: DejournalSetting | undefined;
  /** File of a reporting member's dejournal filter; left out: none. */
  readonly filter?: string | null | undefined;
  /** Why the member can follow no primary until it is rebuilt; left out: it can. */
  readonly inconsistent?: string | undefined;
};

export { newDurable } from './failover/index.ts';

const RECORD = /^mirror-([A-Z0-9]+)\.json$/;

/** Where an instance keeps its record of a mirror. */
export function recordPath(mgr: string, mirror: string): string {
  return path.join(mgr, `mirror-${mirror}.json`);
}

/** Of each mirror that the instance is in; a reporting member may be in several. Throws DAMAGED. */
export function readRecords(files: Files, mgr: string): MirrorRecord[] {
  const mirrors = files.list(mgr).flatMap((name) => RECORD.exec(name)?.[1] ?? []);
  return mirrors.sort().flatMap((mirror) => readRecord(files, mgr, mirror) ?? []);
}

/** null: the instance is not in that mirror. Throws DAMAGED. */
export function readRecord(files: Files, mgr: string, mirror: string): MirrorRecord | null {
  const file = recordPath(mgr, mirror);
  if (!files.exists(file)) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(files.read(file).toString('utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw damaged(file);
  }
  const record = Record.safeParse(parsed);
  if (!record.success) throw damaged(file);
  return record.data;
}

function damaged(file: string): GemelError {
  return new GemelError(
    'DAMAGED',
    `The mirror record ${file} is damaged.`,
    'Nothing was changed.',
    'Restore it from a backup of this instance, or remove the member and join it to the mirror again.',
  );
}

/** Durable when it returns. */
export function writeRecord(files: Files, mgr: string, record: MirrorRecord): void {
  files.atomicWrite(recordPath(mgr, record.membership.mirror), Buffer.from(`${JSON.stringify(record, null, 1)}\n`, 'utf8'));
}

export function memberOf(membership: Membership, guid: string): Member | undefined {
  return membership.members.find((m) => m.guid === guid);
}

/** With another interface for the virtual address on that member; undefined: as it was. */
export function withInterface(membership: Membership, guid: string, vipInterface: string | undefined): Membership {
  if (vipInterface === undefined) return membership;
  return { ...membership, members: membership.members.map((m) => (m.guid === guid ? { ...m, vipInterface } : m)) };
}

/** The one or two members of which one is primary. */
export function failoverMembers({ members }: Membership): Member[] {
  return members.filter((m) => m.type === 'Failover');
}

/** The other failover member. */
export function partnerOf(membership: Membership, self: string): Member | null {
  return failoverMembers(membership).find((m) => m.guid !== self) ?? null;
}

/** Whether a copy is not that of any database of the mirror: that was removed or made anew since. */
export function isObsolete(databases: readonly MirrorDatabase[], copy: { readonly name: string; readonly guid: string }): boolean {
  return databases.find(({ name }) => name === copy.name)?.guid !== copy.guid;
}

/** Names of the mirror's databases that are not among those of a member. An obsolete copy is none of them. */
export function missingDatabases(
  { databases }: Membership,
  here: readonly { readonly name: string; readonly isObsolete?: boolean }[],
): string[] {
  const names = new Set(here.filter((d) => d.isObsolete !== true).map((d) => d.name));
  return databases.map((d) => d.name).filter((name) => !names.has(name));
}

export function isAsync({ type }: Pick<Member, 'type'>): boolean {
  return type !== 'Failover';
}

export function splitAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}
