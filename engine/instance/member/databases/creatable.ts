import { GemelError } from '../../../api/errors.ts';
import type { MirrorDatabase } from '../../../mirror/index.ts';
import type { MemberHost } from '../host.ts';

/** Throws REFUSED when an empty database cannot become what the mirror has under that name. */
export function requireCreatable(entry: MirrorDatabase, host: Pick<MemberHost, 'mirrored'>): void {
  if (entry.origin === 'added')
    throw new GemelError(
      'REFUSED',
      `The mirror's database ${entry.name} was not created as a mirrored one: it was added to the mirror later, with data that the mirror's journal does not have.`,
      'Nothing was made.',
      'Restore a backup of it from the primary here, or copy its file, then gemel db activate and gemel db catchup.',
    );
  const lacks = host.mirrored.lacksJournal(entry.name, entry.created);
  if (lacks === null) return;
  throw new GemelError(
    'REFUSED',
    `The first mirror journal file of the database ${entry.name} is not here any more: it begins in file ${entry.created.file}.`,
    'Nothing was made.',
    'Restore a backup of it from the primary here, or copy its file, then gemel db activate and gemel db catchup.',
  );
}
