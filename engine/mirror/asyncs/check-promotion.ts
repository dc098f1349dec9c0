import { GemelError } from '../../api/errors.ts';
import { splitAddress, type Member } from '../membership.ts';
import type { Mirror } from '../mirror.ts';

const CONNECT_MS = 5000;

/** What the primary makes sure of before an async becomes its failover partner. Throws REFUSED. */
export async function checkPromotion(
  { state: { role }, options: { net } }: Mirror,
  member: Member,
  { caughtUp, attention }: { readonly caughtUp: boolean; readonly attention: boolean },
): Promise<void> {
  const refuse = (what: string, todo: string): GemelError => new GemelError('REFUSED', what, 'Nothing was changed.', todo);
  if (member.type !== 'Disaster Recovery')
    throw refuse(`${member.name} is a reporting member; only disaster recovery members are promoted.`, 'Promote another member.');
  if (role.is !== 'primary' || role.trouble !== null)
    throw refuse('The primary is in trouble.', 'Promote when it works again, or see what gemel mirror status says.');
  if (!caughtUp) throw refuse(`${member.name} has not caught up with the primary yet.`, 'Wait until it shows Caught up.');
  if (attention) throw refuse(`Not every database of ${member.name} is in order.`, 'See gemel mirror status there.');
  const { host, port } = splitAddress(member.privateAddress);
  try {
    (await net.connect(host, port, CONNECT_MS)).close();
  } catch (error) {
    throw refuse(
      `The primary cannot reach ${member.name} at its private address ${member.privateAddress} (${error instanceof Error ? error.message : String(error)}).`,
      'See to the network between them, or to the address.',
    );
  }
}
