import type { RoleView } from '../../api/backup.ts';
import { Mirror } from '../../mirror/index.ts';
import type { MirrorService, Place } from '../member/index.ts';

/** What a backup script asks: the role of an instance in its mirror, or in the one of that name. */
export function roleOf(instance: string, service: MirrorService, mirror: string | undefined): RoleView {
  const place = mirror === undefined ? service.places[0] : service.places.find((each) => each.mirror === mirror.toUpperCase());
  if (place === undefined || place.member === null) {
    const words = place?.inWords;
    return {
      instance,
      role: 'none',
      mirror: place?.mirror ?? null,
      member: null,
      type: words?.type ?? null,
      status: words?.status ?? null,
    };
  }
  const { type, status } = place.inWords;
  return { instance, role: roleAt(place), mirror: place.mirror, member: nameOf(place), type, status };
}

function roleAt({ member }: Place): RoleView['role'] {
  if (!(member instanceof Mirror)) return 'async';
  const { is } = member.state.role;
  return is === 'primary' || is === 'backup' ? is : 'failover';
}

function nameOf({ member }: Place): string | null {
  if (member === null) return null;
  return member instanceof Mirror
    ? (member.membership.members.find(({ guid }) => guid === member.self.guid)?.name ?? null)
    : member.self.name;
}
