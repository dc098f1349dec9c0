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

  it('keeps comments, each above the line it stood above', () => {
    writeSettings(file, { ...fresh(), Databases: { USER: 'user', OLD: 'old' }, Namespaces: { USER: 'USER' } });
    edit((text) =>
      text
        .replace('[Startup]', '# our first server\n[Startup]')
        .replace('DefaultPort=1972', '; opened in the firewall\n;   since May\nDefaultPort = 1972 ; ask Ann')
        .replace('OLD=old', '; not needed any more\nOLD=old')
        .replace('[Namespaces]', '; below: what users see\n\n; two lines of it\n[Namespaces]')
        .concat('; the end\n'),
    );
    updateSettings(file, (settings) => ({ ...settings, Databases: { USER: 'user', NEW: 'new' } }));
    const text = fs.readFileSync(file, 'utf8');
    expect(text).toContain('; Settings of this Gemel instance. Change them while it is stopped.\n\n# our first server\n[Startup]\n');
    expect(text).toContain('; opened in the firewall\n;   since May\n; ask Ann\nDefaultPort=1972\n');
    expect(text).toContain('\nNEW=new\n; not needed any more\n\n; below: what users see\n\n; two lines of it\n[Namespaces]\nUSER=USER\n');
    expect(text).toMatch(/; the end\n$/);
    updateSettings(file, (settings) => settings);
    expect(fs.readFileSync(file, 'utf8')).toBe(text);
  });

  it('loses no comment, whatever is changed, and takes none for a setting', () => {
    const settings = fresh();
    const names = fc.uniqueArray(fc.constantFrom(...'ABCDEF'), { maxLength: 4 });
    const values = fc.dictionary(fc.constantFrom(...'ABCDEF'), fc.constantFrom('a', 'b;c', 'd#', '"e"', 'f ; g', '\\', ''), { maxKeys: 5 });
    const comment = fc.tuple(fc.nat({ max: 60 }), fc.constantFrom('; x=y', '#[Databases]', ';', '  ; indented', '; a ; b'));
    fc.assert(
      fc.property(values, names, fc.array(comment, { maxLength: 8 }), (databases, gone, comments) => {
        writeSettings(file, { ...settings, Databases: databases });
        const lines = fs.readFileSync(file, 'utf8').split('\n');
        for (const [at, text] of comments) lines.splice(at % (lines.length + 1), 0, text);
        fs.writeFileSync(file, lines.join('\n'));
        const kept = Object.fromEntries(Object.entries(databases).filter(([name]) => !gone.includes(name)));
        updateSettings(file, (before) => ({ ...before, Databases: kept }));
        expect(readSettings(file)).toEqual({ ...settings, Databases: kept });
        const isComment = (line: string) => /^\s*[;#]/.test(line);
        const found = fs.readFileSync(file, 'utf8').split('\n').filter(isComment);
        expect(found.toSorted()).toEqual(
          lines
            .filter(isComment)
            .map((line) => line.trim())
            .toSorted(),
        );
      }),
      { numRuns: 40 },
    );
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
    writeSettings(file, { ...fresh(), Journal: { ...fresh().Journal, FileSizeLimit: 5 } });
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
