import fs from 'node:fs';
import path from 'node:path';
import { GemelError } from '../../engine/api/errors.ts';

/** The folder of the application (the one with package.json), whether this runs as source or as a bundle somewhere below it. */
export function applicationRoot(from: string): string {
  if (fs.existsSync(path.join(from, 'package.json'))) return from;
  const above = path.dirname(from);
  if (above === from) throw new GemelError('DAMAGED', 'The folder of the application cannot be found.', '', 'Install Gemel again.');
  return applicationRoot(above);
}
