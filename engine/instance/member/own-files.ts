import { GemelError } from '../../api/errors.ts';
import { processUser, rightsOf } from '../../io/rights.ts';

/** Whoever else may write a file may change what was verified. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Journal files that a person has copied belong to the user that the instance runs as, and nobody else may write them.
 * @throws GemelError RIGHTS naming each file that is otherwise, and the command that mends it; nothing was changed
 */
export function requireOwnFiles(paths: readonly string[]): void {
  const user = processUser();
  if (user === null) return;
  const wrong = paths.map((path) => ({ path, ...rightsOf(path) })).filter((file) => !isOwn(file, user.id));
  if (wrong.length === 0) return;
  const files = wrong.map(({ path, owner, mode }) => `${path} (owner ${owner}, mode ${mode.toString(8).padStart(4, '0')})`);
  const quoted = wrong.map(({ path }) => `'${path.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  throw new GemelError(
    'RIGHTS',
    `Journal files must belong to the user ${user.name} (${user.id}) that this instance runs as, and nobody else may write them: ${files.join(', ')}.`,
    'Nothing was changed.',
    `As the superuser: chown ${user.name} ${quoted} && chmod go-w ${quoted}`,
  );
}

function isOwn({ owner, mode }: { readonly owner: number; readonly mode: number }, user: number): boolean {
  return owner === user && (mode & WRITABLE_BY_OTHERS) === 0;
}
