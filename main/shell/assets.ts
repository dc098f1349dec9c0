import fs from 'node:fs';
import path from 'node:path';
import { GemelError } from '../../engine/api/errors.ts';

/** A file of the built renderer as it is served. */
export interface Asset {
  readonly body: Buffer;
  readonly type: string;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
};

/**
 * The built renderer by address (`/`, `/assets/x.js`). Read whole at the start: an address is looked up, never turned
 * into a path, so none can lead out of the folder.
 * @throws GemelError NOT_FOUND when the renderer is not built
 */
export function readAssets(folder: string): ReadonlyMap<string, Asset> {
  const index = path.join(folder, 'index.html');
  if (!fs.existsSync(index))
    throw new GemelError('NOT_FOUND', `The console's pages are not built: there is no ${index}.`, '', 'Run: npm run build');
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const assets = new Map<string, Asset>();
  for (const entry of files) {
    const type = TYPES[path.extname(entry.name)];
    if (type === undefined) continue; // source maps and the like are not for the page
    const file = path.join(entry.parentPath, entry.name);
    assets.set(`/${path.relative(folder, file).split(path.sep).join('/')}`, { body: fs.readFileSync(file), type });
  }
  const page = assets.get('/index.html');
  if (page) assets.set('/', page);
  return assets;
}

/** What the page may do: nothing but its own files, and talking to `connect` beside its own origin. */
export function contentSecurityPolicy(connect: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    // Charts and the topology picture place things by style attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${connect === '' ? '' : ` ${connect}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Headers of every answer with a body of ours. */
export function securityHeaders(connect: string): Record<string, string> {
  return {
    'content-security-policy': contentSecurityPolicy(connect),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  };
}
