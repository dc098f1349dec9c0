/** Where the console is. The address is the part after `#`, so that the same page works from a file, a socket and a custom protocol. */
export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'hosts' }
  | { readonly page: 'monitor'; readonly mirror: string }
  | { readonly page: 'activity'; readonly job: number | null };

/** Reads an address such as `#/mirror/DEMO/monitor`. Anything not known leads to the overview. */
export function parseRoute(hash: string): Route {
  const parts = hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((p) => p !== '')
    .map(decode);
  const [first, second, third] = parts;
  if (first === 'mirror' && second !== undefined && third === 'monitor') return { page: 'monitor', mirror: second };
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
    case 'activity':
      return route.job === null ? '#/activity' : `#/activity/${route.job}`;
  }
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
