import type { Io } from '../../io/index.ts';
import { writeRecord, type MirrorRecord } from '../../mirror/index.ts';
import type { Log } from '../messages.ts';
import { updateSettings, type Settings } from '../settings.ts';

/** What is needed of the instance. */
interface Context {
  readonly io: Io;
  readonly paths: { readonly settings: string; readonly mgr: string };
  readonly settings: Settings;
  readonly log: Log;
}

/**
 * A person has set `ValidatedMember=0` in [MirrorMember] of gemel.cpf: what the record says of this member's role does not count,
 * and the others are asked first. It says so once; the record keeps it until the member has found its role.
 */
export function heedValidatedMember(record: MirrorRecord, { io, paths, settings, log }: Context): MirrorRecord {
  if (settings.MirrorMember['ValidatedMember'] !== '0') return record;
  const unvalidated = { ...record, durable: { ...record.durable, validated: false } };
  writeRecord(io.files, paths.mgr, unvalidated);
  const change = (s: Settings): Settings => ({ ...s, MirrorMember: { ...s.MirrorMember, ValidatedMember: '1' } });
  Object.assign(settings, change(updateSettings(paths.settings, change, io.files)));
  log(1, 'ValidatedMember=0 is set in gemel.cpf: this member asks the others what it is before its own records count.');
  return unvalidated;
}
