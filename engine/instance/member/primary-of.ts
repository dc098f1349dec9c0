import { Mirror, type AsyncMember } from '../../mirror/index.ts';

/** GUID of whoever is primary, as far as this member knows; null: nobody. */
export function primaryOf(member: Mirror | AsyncMember): string | null {
  if (!(member instanceof Mirror)) return member.primary?.guid ?? null;
  const { role } = member.state;
  return role.is === 'primary' ? member.options.record.self : role.is === 'backup' ? role.primary : null;
}
