import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import { GemelError } from '../api/errors.ts';
import { updateSettings, type Settings } from './settings.ts';

const EVERYWHERE = ['0.0.0.0', '::'];

/** True for the address that stands for all addresses of a host. */
export function isEverywhere(address: string): boolean {
  return EVERYWHERE.includes(address);
}

/** True when nobody on another host can reach the address. */
export function isLoopback(address: string): boolean {
  return address === '::1' || (net.isIPv4(address) && address.startsWith('127.'));
}

/**
 * An address to listen on, `localhost` as a number. Throws REFUSED when this host does not have it. The kernel is asked,
 * not the list of interfaces: that leaves out an interface whose cable is unplugged, which keeps its address.
 */
export async function listenAddress(text: string): Promise<string> {
  const address = text === 'localhost' ? '127.0.0.1' : text;
  if (isEverywhere(address) || isLoopback(address) || (net.isIP(address) !== 0 && (await isOwn(address)))) return address;
  const own = Object.values(os.networkInterfaces()).flatMap((each) => each?.map((one) => one.address) ?? []);
  throw new GemelError(
    'REFUSED',
    `${JSON.stringify(text)} is no address of this host.`,
    'Nothing was changed.',
    `It has: ${own.join(', ')}. For all of them: 0.0.0.0`,
  );
}

/** Any free port of it can be had. */
async function isOwn(address: string): Promise<boolean> {
  const server = net.createServer();
  try {
    server.listen({ host: address, port: 0, exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

export interface Ports {
  readonly superserverPort?: number | undefined;
  readonly webPort?: number | undefined;
}

/** Writes other ports into the settings of an instance that is not running. Throws REFUSED for a mirror member's superserver port. */
export function changePorts(settingsFile: string, { superserverPort, webPort }: Ports): void {
  if (superserverPort === undefined && webPort === undefined) return;
  updateSettings(settingsFile, (settings): Settings => {
    const { DefaultPort, WebServerPort } = settings.Startup;
    const [mirror] = Object.keys(settings.Mirrors);
    if (mirror !== undefined && superserverPort !== undefined && superserverPort !== DefaultPort) {
      throw new GemelError(
        'REFUSED',
        `This instance is a member of the mirror ${mirror}, whose other members reach it on port ${DefaultPort}.`,
        'Nothing was changed.',
        'Stop what uses that port.',
      );
    }
    return {
      ...settings,
      Startup: { ...settings.Startup, DefaultPort: superserverPort ?? DefaultPort, WebServerPort: webPort ?? WebServerPort },
    };
  });
}
