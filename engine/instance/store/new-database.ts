import { GemelError } from '../../api/errors.ts';
import { DatabaseName } from '../../api/names.ts';
import type { Settings } from '../settings.ts';

/** The name as it is kept. Throws NAME, EXISTS. */
export function newName(name: string, { Databases }: Pick<Settings, 'Databases'>): string {
  const parsed = DatabaseName.safeParse(name);
  if (!parsed.success)
    throw new GemelError(
      'NAME',
      `${JSON.stringify(name)} cannot be the name of a database. ${parsed.error.issues[0]?.message ?? ''}`,
      'Nothing was made.',
      'Choose another name.',
    );
  if (Databases[parsed.data] !== undefined)
    throw new GemelError('EXISTS', `There is a database ${parsed.data} already.`, 'It was not changed.', 'Choose another name.');
  return parsed.data;
}

/** @param directory as it stands in gemel.cpf  @param hasNamespace with a namespace of the same name */
export function withDatabase(settings: Settings, name: string, directory: string, hasNamespace: boolean): Settings {
  const { Databases, Namespaces } = settings;
  return {
    ...settings,
    Databases: { ...Databases, [name]: directory },
    Namespaces: hasNamespace ? { ...Namespaces, [name]: name } : Namespaces,
  };
}
