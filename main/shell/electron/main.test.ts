import { beforeEach, expect, it, vi } from 'vitest';

/** The desktop application's start and end, with stand-ins for the runtime, the main process and the window. */
const seen = vi.hoisted(() => ({
  events: [] as string[],
  listeners: new Map<string, () => void>(),
  first: true,
  openConsole: (): unknown => undefined,
  finished: (): void => undefined,
}));

vi.mock('electron', () => ({
  app: {
    setPath: (name: string, path: string) => seen.events.push(`${name} ${path}`),
    requestSingleInstanceLock: () => seen.first,
    whenReady: () => Promise.resolve(),
    on: (event: string, listener: () => void) => seen.listeners.set(event, listener),
    quit: () => {
      seen.events.push('quit');
      seen.finished();
    },
    exit: (code: number) => {
      seen.events.push(`exit ${code}`);
      seen.finished();
    },
  },
  dialog: { showErrorBox: (_title: string, text: string) => seen.events.push(text) },
}));
vi.mock('../../console/index.ts', () => ({
  openConsoleMain: (options: { home: string }) => (seen.events.push(`open ${options.home}`), seen.openConsole()),
}));
vi.mock('../assets.ts', () => ({ readAssets: () => new Map() }));
vi.mock('./pages.ts', () => ({ registerScheme: () => seen.events.push('scheme'), servePages: () => seen.events.push('pages') }));
vi.mock('./notify.ts', () => ({ notifyAlerts: () => undefined }));
vi.mock('./menu.ts', () => ({ setMenu: () => undefined }));
vi.mock('./window.ts', () => ({
  openWindow: () => ({ isMinimized: () => true, restore: () => seen.events.push('restore'), focus: () => seen.events.push('focus') }),
  connectWindow: () => {
    seen.events.push('connected');
    seen.finished();
  },
}));

async function start(): Promise<void> {
  const finished = new Promise<void>((resolve) => (seen.finished = resolve));
  await import('./main.ts');
  await finished;
  await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  vi.resetModules();
  Object.assign(seen, { events: [], first: true, openConsole: () => ({ close: () => seen.events.push('closed') }) });
  seen.listeners.clear();
  process.argv = ['electron', '--no-sandbox', '--home', '/some/home'];
});

it('registers its scheme before it is ready, opens one console and closes it with the window', async () => {
  await start();
  expect(seen.events).toEqual(['scheme', 'userData /some/home/console/desktop', 'pages', 'open /some/home', 'connected']);
  seen.listeners.get('second-instance')?.();
  seen.listeners.get('window-all-closed')?.();
  seen.listeners.get('will-quit')?.();
  expect(seen.events.slice(5)).toEqual(['restore', 'focus', 'quit', 'closed']);
});

it('leaves the place to a console that runs already', async () => {
  seen.first = false;
  await start();
  expect(seen.events).toEqual(['scheme', 'userData /some/home/console/desktop', 'quit']);
});

it('says in plain words why it cannot start', async () => {
  // Modules are loaded anew for each test, the error's class too.
  const { GemelError } = await import('../../../engine/api/errors.ts');
  seen.openConsole = () => {
    throw new GemelError('LOCKED', 'Another console is open.', 'Nothing was touched.', 'Use that one.');
  };
  await start();
  expect(seen.events.slice(-2)).toEqual(['Another console is open.\n\nNothing was touched.\n\nUse that one.', 'exit 1']);
});
