import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { changePorts, isLoopback, listenAddress } from './addresses.ts';
import { newSettings, readSettings, updateSettings, writeSettings } from './settings.ts';

describe('the address to listen on', () => {
  it('is one of this host, or all of them', async () => {
    expect(await listenAddress('localhost')).toBe('127.0.0.1');
    // A link-local address means nothing without its interface.
    const own = Object.values(os.networkInterfaces()).flatMap(
      (each) => each?.filter((one) => !one.scopeid).map((one) => one.address) ?? [],
    );
    for (const address of ['127.0.0.1', '0.0.0.0', '::', ...own]) expect(await listenAddress(address)).toBe(address);
  });

  it.each(['203.0.113.77', 'example.org', '', '1.2.3', '127.1', '0.0.0.0 '])('is not %j', async (address) => {
    await expect(listenAddress(address)).rejects.toThrowError(
      expect.objectContaining({ code: 'REFUSED', todo: expect.stringContaining('0.0.0.0') }),
    );
  });

  it('is loopback when nobody elsewhere reaches it', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0', '192.0.2.1', '::'].map(isLoopback)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('other ports', () => {
  let file: string;
  beforeEach(() => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-ports-'));
    file = path.join(directory, 'gemel.cpf');
    writeSettings(file, newSettings({ name: 'A', guid: '02131705-b223-40c0-901b-4a023cb29b45', superserverPort: 1972, webPort: 52773 }));
    return () => fs.rmSync(directory, { recursive: true });
  });
  const ports = (): number[] => {
    const { DefaultPort, WebServerPort } = readSettings(file).Startup;
    return [DefaultPort, WebServerPort];
  };

  it('are kept in the settings, each by itself', () => {
    const before = fs.readFileSync(file, 'utf8');
    changePorts(file, {});
    expect(fs.readFileSync(file, 'utf8')).toBe(before);
    changePorts(file, { superserverPort: 0 });
    expect(ports()).toEqual([0, 52773]);
    changePorts(file, { webPort: 8080 });
    expect(ports()).toEqual([0, 8080]);
  });

  it('are not for the superserver of a mirror member, whom others reach on the one they know', () => {
    updateSettings(file, (settings) => ({ ...settings, Mirrors: { DEMO: { Type: 'Failover' } } }));
    expect(() => changePorts(file, { superserverPort: 1973, webPort: 1 })).toThrowError(/member of the mirror DEMO.*port 1972/);
    expect(ports()).toEqual([1972, 52773]);
    changePorts(file, { superserverPort: 1972, webPort: 1 });
    expect(ports()).toEqual([1972, 1]);
  });
});
