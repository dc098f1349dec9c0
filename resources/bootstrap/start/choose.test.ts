import { describe, expect, it } from 'vitest';
import { chooseShell, type Surroundings } from './choose.ts';
import { parseStartOptions, type StartOptions } from './options.ts';

const defaults: StartOptions = { web: false, open: true, home: null };
const nothing: Surroundings = {
  hasDisplay: true,
  electron: () => Promise.resolve({ missing: 'the Electron runtime could not be fetched (offline)' }),
  chromium: () => null,
};
const electron = (): Promise<{ executable: string }> => Promise.resolve({ executable: '/e/electron' });
const neverAsked = (): Promise<never> => Promise.reject(new Error('Electron was looked for'));

describe('the shell of npm start', () => {
  it('is Electron where its runtime is', async () => {
    expect(await chooseShell(defaults, { ...nothing, electron })).toEqual({ kind: 'electron', executable: '/e/electron', note: '' });
  });

  it('is Chromium otherwise, and says what is missing', async () => {
    const shell = await chooseShell(defaults, { ...nothing, chromium: () => '/usr/bin/chromium' });
    expect(shell).toMatchObject({ kind: 'chromium', executable: '/usr/bin/chromium' });
    expect(shell.note).toContain('could not be fetched (offline)');
  });

  it('is Chromium with --web, without looking for Electron', async () => {
    const shell = await chooseShell({ ...defaults, web: true }, { ...nothing, electron: neverAsked, chromium: () => '/usr/bin/chromium' });
    expect(shell).toEqual({ kind: 'chromium', executable: '/usr/bin/chromium', note: '' });
  });

  it('is the address alone without a display, with --no-open, and where nothing is installed', async () => {
    const noDisplay = await chooseShell(defaults, { ...nothing, hasDisplay: false, electron: neverAsked });
    expect(noDisplay).toMatchObject({ kind: 'address', note: expect.stringContaining('no display') });
    expect(await chooseShell({ ...defaults, open: false }, { ...nothing, electron: neverAsked })).toEqual({ kind: 'address', note: '' });
    const bare = await chooseShell(defaults, nothing);
    expect(bare).toMatchObject({ kind: 'address', note: expect.stringContaining('No Chromium was found either') });
  });
});

describe('the options of npm start', () => {
  it('are all off by default', () => expect(parseStartOptions([])).toEqual(defaults));
  it('are read', () => expect(parseStartOptions(['--web', '--no-open', '--home', '/x'])).toEqual({ web: true, open: false, home: '/x' }));
  it('offer help', () => expect(parseStartOptions(['--help'])).toBe('help'));
  it('are refused when unknown', () => {
    expect(parseStartOptions(['--wbe'])).toMatchObject({ wrong: expect.stringContaining('--wbe') });
    expect(parseStartOptions(['--home'])).toMatchObject({ wrong: expect.stringContaining('--home') });
  });
});
