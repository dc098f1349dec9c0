import type { About, FormName } from '../../main/contract/index.ts';
import { aboutKeys, formNames } from '../../main/contract/index.ts';

/** Where the console is. The address is the part after `#`, so that the same page works from a file, a socket and a custom protocol. */
export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'hosts' }
  | { readonly page: 'monitor'; readonly mirror: string }
  | { readonly page: 'databases' | 'journal'; readonly mirror: string }
  /** `instance`: InstanceView id. */
  | { readonly page: 'instanceDatabases' | 'instanceJournal'; readonly instance: string }
  | { readonly page: 'activity'; readonly job: number | null }
  | { readonly page: 'wizard'; readonly form: FormName; readonly about: About };

/** Reads an address such as `#/mirror/DEMO/monitor`. Anything not known leads to the overview. */
export function parseRoute(hash: string): Route {
  const parts = hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((p) => p !== '')
    .map(decode);
  const [first, second, third] = parts;
  const form = formNames.find((name) => first === 'wizard' && name === second);
  if (form !== undefined) return { page: 'wizard', form, about: aboutOf(parts.slice(2)) };
  if (first === 'mirror' && second !== undefined && third === 'monitor') return { page: 'monitor', mirror: second };
  if (first === 'mirror' && second !== undefined && (third === 'databases' || third === 'journal')) return { page: third, mirror: second };
  if (first === 'instance' && second !== undefined && third === 'databases') return { page: 'instanceDatabases', instance: second };
  if (first === 'instance' && second !== undefined && third === 'journal') return { page: 'instanceJournal', instance: second };
  if (first === 'activity') return { page: 'activity', job: second !== undefined && /^\d{1,15}$/.test(second) ? Number(second) : null };
  if (first === 'hosts') return { page: 'hosts' };
  return { page: 'overview' };
}

/** The address of a route, for links. */
export function routeHash(route: Route): string {
  switch (route.page) {
    case 'overview':
      return '#/overview';
    case 'hosts':
      return '#/hosts';
    case 'monitor':
      return `#/mirror/${encodeURIComponent(route.mirror)}/monitor`;
    case 'databases':
    case 'journal':
      return `#/mirror/${encodeURIComponent(route.mirror)}/${route.page}`;
    case 'instanceDatabases':
      return `#/instance/${encodeURIComponent(route.instance)}/databases`;
    case 'instanceJournal':
      return `#/instance/${encodeURIComponent(route.instance)}/journal`;
    case 'activity':
      return route.job === null ? '#/activity' : `#/activity/${route.job}`;
    case 'wizard':
      return ['#/wizard', route.form, ...Object.entries(route.about).flatMap(([key, value]) => [key, encodeURIComponent(value)])].join('/');
  }
}

/** The mirror whose page it is; null: it is none of a mirror. */
export function mirrorOf(route: Route): string | null {
  return 'mirror' in route ? route.mirror : null;
}

/** Keys and values in turn; what is not known is left out. */
function aboutOf(parts: readonly string[]): About {
  const about: About = {};
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const key = aboutKeys.find((each) => each === parts[i]);
    if (key !== undefined) about[key] = parts[i + 1];
  }
  return about;
}

/** A hand-typed address may hold a broken escape; it is then taken as it stands. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}
