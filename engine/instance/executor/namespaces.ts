import path from 'node:path';
import { GemelError } from '../../api/errors.ts';
import type { Environment } from '../../globals/index.ts';
import type { OpenDatabase } from './open-database.ts';

/** Which database a reference means: namespaces with their default database, and all mounted databases. */
export class Namespaces {
  readonly #defaults = new Map<string, string>();
  readonly #databases = new Map<string, OpenDatabase>();

  define(namespace: string, database: string): void {
    this.#defaults.set(namespace.toUpperCase(), database.toUpperCase());
  }

  /** Namespaces with that default database. */
  of(database: string): string[] {
    return [...this.#defaults].filter(([, each]) => each === database.toUpperCase()).map(([namespace]) => namespace);
  }

  undefine(namespace: string): void {
    this.#defaults.delete(namespace.toUpperCase());
  }

  mount(database: OpenDatabase): void {
    this.#databases.set(database.name.toUpperCase(), database);
  }

  unmount(name: string): void {
    this.#databases.delete(name.toUpperCase());
  }

  names(): string[] {
    return [...this.#defaults.keys()];
  }

  all(): OpenDatabase[] {
    return [...this.#databases.values()];
  }

  find(name: string): OpenDatabase | undefined {
    return this.#databases.get(name.toUpperCase());
  }

  isCurrent(database: OpenDatabase): boolean {
    return this.#databases.get(database.name) === database;
  }

  /** The default database of a namespace. Throws NAMESPACE, DATABASE. */
  database(namespace: string): OpenDatabase {
    const name = this.#defaults.get(namespace);
    if (name === undefined) {
      throw new GemelError(
        'NAMESPACE',
        `There is no namespace ${namespace}.`,
        'Nothing was changed.',
        `Namespaces here: ${this.names().join(', ') || 'none'}.`,
      );
    }
    return this.#mounted(name);
  }

  #mounted(name: string): OpenDatabase {
    const database = this.#databases.get(name);
    if (database === undefined)
      throw new GemelError(
        'DATABASE',
        `The database ${name} is not mounted.`,
        'Nothing was changed.',
        'Mount it, or look into messages.log why it is not.',
      );
    return database;
  }

  /** Where an extended reference points. Throws NAMESPACE, DATABASE. */
  locate(environment: Environment): OpenDatabase {
    switch (environment.kind) {
      case 'namespace':
        return this.database(environment.namespace.toUpperCase());
      case 'directory': {
        const directory = path.resolve(Buffer.from(environment.directory, 'latin1').toString('utf8'));
        return this.#one((d) => d.directory === directory, `with the directory ${directory}`);
      }
      case 'mirror': {
        const mirror = environment.mirror.toUpperCase();
        const name = environment.database.toUpperCase();
        return this.#one((d) => d.mirror?.name === mirror && d.mirror.database === name, `${name} of the mirror ${mirror}`);
      }
    }
  }

  #one(matches: (database: OpenDatabase) => boolean, what: string): OpenDatabase {
    const found = this.all().find(matches);
    if (found === undefined)
      throw new GemelError(
        'DATABASE',
        `No database ${what} is mounted here.`,
        'Nothing was changed.',
        'Check the reference, or mount the database.',
      );
    return found;
  }
}
