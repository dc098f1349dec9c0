import type { PropertyChange } from './properties.ts';
import { DatabaseWriter } from './writer.ts';

/** Changes properties of a database that nothing feeds, durably. Throws as `DatabaseWriter` does, and has changed nothing then. */
export function setFileProperties(directory: string, change: PropertyChange): void {
  const writer = DatabaseWriter.open(directory);
  try {
    writer.setProperties(change);
  } finally {
    writer.close();
  }
}
