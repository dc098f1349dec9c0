import type { About, FormName } from '../../main/contract/index.ts';
import { aboutKeys, formNames } from '../../main/contract/index.ts';

/** Where the console is. The address is the part after `#`, so that the same page works from a file, a socket and a custom protocol. */
export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'hosts' }
  | { readonly page: 'monitor'; readonly mirror: string }
  /** `run`: a procedure under way; null: all of them. */
  | { readonly page: 'procedures'; readonly mirror: string; readonly run: number | null }
  | { readonly page: 'history'; readonly mirror: string }
  | { readonly page: 'explain'; readonly mirror: string; readonly at: number }
  | { readonly page: 'alerts' }
  | { readonly page: 'members'; readonly mirror: string }
  /** A report of lost transactions of a member; `instance` is an InstanceView id. */
  | { readonly page: 'lost'; readonly mirror: string; readonly instance: string; readonly report: string }
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
  if (first === 'mirror' && second !== undefined && third === 'members') return { page: 'members', mirror: second };
  if (first === 'mirror' && second !== undefined && third === 'lost' && parts[3] !== undefined && parts[4] !== undefined)
    return { page: 'lost', mirror: second, instance: parts[3], report: parts[4] };
  if (first === 'mirror' && second !== undefined && third === 'procedures')
    return { page: 'procedures', mirror: second, run: numberOf(parts[3]) };
  if (first === 'mirror' && second !== undefined && third === 'history') return { page: 'history', mirror: second };
  const at = parts[3] ?? '';
  if (first === 'mirror' && second !== undefined && third === 'explain' && /^\d{1,15}$/.test(at))
    return { page: 'explain', mirror: second, at: Number(at) };
  if (first === 'alerts') return { page: 'alerts' };
  if (first === 'activity') return { page: 'activity', job: numberOf(second) };
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
    case 'procedures':
      return `#/mirror/${encodeURIComponent(route.mirror)}/procedures${route.run === null ? '' : `/${route.run}`}`;
    case 'history':
      return `#/mirror/${encodeURIComponent(route.mirror)}/history`;
    case 'explain':
      return `#/mirror/${encodeURIComponent(route.mirror)}/explain/${route.at}`;
    case 'alerts':
      return '#/alerts';
    case 'members':
      return `#/mirror/${encodeURIComponent(route.mirror)}/members`;
    case 'lost':
      return `#/mirror/${[route.mirror, 'lost', route.instance, route.report].map(encodeURIComponent).join('/')}`;
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

function numberOf(part: string | undefined): number | null {
  return part !== undefined && /^\d{1,15}$/.test(part) ? Number(part) : null;
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
