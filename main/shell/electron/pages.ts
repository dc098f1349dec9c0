import { protocol } from 'electron';
import { securityHeaders } from '../assets.ts';
import type { Asset } from '../assets.ts';

const SCHEME = 'gemel';
const HOST = 'console';

/** Where the console's page is; nothing else is ever shown or listened to. */
export const PAGE_URL = `${SCHEME}://${HOST}/`;

/** Must be called before the application is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } }]);
}

/** Serves the renderer's files, and them alone, as `gemel://console/...`. */
export function servePages(assets: ReadonlyMap<string, Asset>): void {
  protocol.handle(SCHEME, (request) => {
    const url = URL.parse(request.url);
    const asset = url?.host === HOST && request.method === 'GET' ? assets.get(url.pathname) : undefined;
    if (!asset) return new Response('There is no such page.\n', { status: 404, headers: securityHeaders('') });
    return new Response(new Uint8Array(asset.body), { headers: { ...securityHeaders(''), 'content-type': asset.type } });
  });
}

export function isOurPage(url: string | undefined): boolean {
  const parsed = url === undefined ? null : URL.parse(url);
  return parsed !== null && parsed.protocol === `${SCHEME}:` && parsed.host === HOST;
}
