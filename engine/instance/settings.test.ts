import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newSettings, readSettings, updateSettings, writeSettings } from './settings.ts';

let directory: string;
let file: string;
const fresh = () => newSettings({ name: 'A', guid: crypto.randomUUID(), superserverPort: 1972, webPort: 52773 });

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-settings-'));
  file = path.join(directory, 'gemel.cpf');
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const edit = (change: (text: string) => string): void => fs.writeFileSync(file, change(fs.readFileSync(file, 'utf8')));

describe('gemel.cpf', () => {
  it('comes back as written, with defaults filled in', () => {
    const settings = { ...fresh(), Databases: { USER: 'user', DB: '/data/db;x=1' }, Mirrors: { DEMO: { Arbiter: 'h:1' } } };
    writeSettings(file, settings);
    expect(readSettings(file)).toEqual(settings);
    expect(readSettings(file)).toMatchObject({
      Startup: { DefaultPort: 1972, ListenAddress: '127.0.0.1' },
      Journal: { FileSizeLimit: 256 },
    });
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  });

  it('keeps sections and keys it does not know through a change', () => {
    writeSettings(file, fresh());
    edit((text) => `${text}\n[Gmheap]\nFuture=yes, "and more"\n[Journal.Extra]\nKey=v\n`);
    updateSettings(file, (settings) => ({ ...settings, Namespaces: { USER: 'USER' } }));
    expect(readSettings(file)).toMatchObject({
      Gmheap: { Future: 'yes, "and more"' },
      Journal: { Extra: { Key: 'v' } },
      Namespaces: { USER: 'USER' },
    });
  });

  it('keeps any text as a value', () => {
    const settings = fresh();
    const awkward = fc.string({ unit: fc.constantFrom(...`'"\\;#=[] \t\r\n\u2028\u2029\ud800au`), maxLength: 6 });
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      awkward,
      fc.constantFrom('true', 'null', '__proto__', '{"a":1}', `'{"a":1}'`, '1'),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9_-]{0,10}$/), anyText, { minKeys: 10, maxKeys: 20 }), (databases) => {
        writeSettings(file, { ...settings, Databases: databases });
        expect(readSettings(file).Databases).toEqual(databases);
      }),
      // each run waits for the disk; each has many texts
      { numRuns: 30 },
    );
  });

  it('puts in quotes only what would not come back without', () => {
    writeSettings(file, { ...fresh(), Databases: { A: 'C:\\data\\a', B: "it's", C: "'", D: '\\\\server\\d', E: '#1', F: 'true' } });
    const lines = fs.readFileSync(file, 'utf8').split('\n');
    expect(lines).toEqual(expect.arrayContaining(['A=C:\\data\\a', "B=it's", `C="'"`, 'D="\\\\\\\\server\\\\d"', 'E=\\#1', 'F=true']));
  });

  it.each([
    ['a port out of range', (t: string) => t.replace('DefaultPort=1972', 'DefaultPort=99999'), /\[Startup\] DefaultPort: A port is/],
    ['a number that is none', (t: string) => `${t}\n[Journal]\nFileSizeLimit=big\n`, /\[Journal\] FileSizeLimit: Give a number/],
    ['a missing section', (t: string) => t.replace('[Startup]', '[Other]'), /Section \[Startup\]/],
    ['a line that is nothing', (t: string) => `${t}\nhello there\n`, /Line \d+ is neither.*hello there/],
    ['an unfinished section', (t: string) => `${t}\n[Databases\nX=1\n`, /Line \d+ is neither.*\[Databases/],
  ])('names the place of %s', (_name, change, expected) => {
    writeSettings(file, { ...fresh(), Journal: { FileSizeLimit: 5 } });
    edit((text) => change(text.replace(/\[Journal\]\nFileSizeLimit=5\n/, '')));
    expect(() => readSettings(file)).toThrow(expected);
    expect(() => readSettings(file)).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
  });

  it('refuses what a newer version wrote', () => {
    writeSettings(file, fresh());
    edit((text) => text.replace('Format=1', 'Format=2'));
    expect(() => readSettings(file)).toThrow(expect.objectContaining({ code: 'VERSION' }));
  });
});
