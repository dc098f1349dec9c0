import { join } from 'node:path';
import { GemelError } from '../../api/errors.ts';
import type { Files } from '../../io/files.ts';
import type { Chain, JournalIdentity } from '../types.ts';
import type { RewindTo } from './rewind.ts';

/** A cut that has been decided on: durable before the first database is changed, gone when databases and journal end at the fork. */
export interface RewindPlan extends RewindTo {
  readonly chain: Chain;
  /** Names what is set aside; see `newCutName`. */
  readonly name: string;
  /** How many the report has that goes with it. */
  readonly updates: number;
}

function planPath(directory: string, { name }: JournalIdentity): string {
  return join(directory, `MIRROR-${name}-rewind.json`);
}

/** Whether a cut is under way. */
export function hasPlan(files: Files, directory: string, journal: JournalIdentity): boolean {
  return files.exists(planPath(directory, journal));
}

/** null: none is under way. Throws DAMAGED. */
export function readPlan(files: Files, directory: string, journal: JournalIdentity): RewindPlan | null {
  const path = planPath(directory, journal);
  if (!files.exists(path)) return null;
  try {
    return JSON.parse(files.read(path).toString('utf8')) as RewindPlan;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new GemelError(
      'DAMAGED',
      `${path} is damaged: how far the databases were to be rewound is not known.`,
      'Nothing was changed.',
      'Rebuild this member from the primary.',
    );
  }
}

/** Durable when it returns. */
export function writePlan(files: Files, directory: string, journal: JournalIdentity, plan: RewindPlan): void {
  files.atomicWrite(planPath(directory, journal), Buffer.from(JSON.stringify(plan)));
}

/** Durable when it returns. */
export function removePlan(files: Files, directory: string, journal: JournalIdentity): void {
  files.remove(planPath(directory, journal));
  files.syncDirectory(directory);
}

/** A name by the time that nothing of an earlier cut has. */
export function newCutName(files: Files, directory: string, wallMs: number): string {
  const time = new Date(wallMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const names = files.list(directory);
  let name = time;
  for (let n = 2; names.some((each) => each.includes(name)); n += 1) name = `${time}-${n}`;
  return name;
}
