import type * as Electron from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConsoleMain, PageSink } from '../../console/index.ts';
import { PagePort } from '../../console/page.ts';

/** A stand-in for the parts of the desktop runtime that the shell uses: it writes down what it is told. */
vi.mock('electron', async () => {
  const { EventEmitter } = await import('node:events');
  const state = {
    schemes: [] as unknown[],
    handlers: new Map<string, (request: Request) => Response>(),
    windows: [] as unknown[],
    exposed: new Map<string, unknown>(),
    template: [] as { label?: string; role?: string }[],
  };
  class WebContents extends EventEmitter {
    readonly sent: unknown[] = [];
    readonly mainFrame = { url: 'gemel://console/' };
    openHandler: (() => { action: string }) | undefined;
    permission: ((contents: unknown, permission: string, decide: (granted: boolean) => void) => void) | undefined;
    check: (() => boolean) | undefined;
    readonly session = {
      setPermissionRequestHandler: (handler: NonNullable<WebContents['permission']>) => void (this.permission = handler),
      setPermissionCheckHandler: (handler: () => boolean) => void (this.check = handler),
    };
    setWindowOpenHandler(handler: () => { action: string }): void {
      this.openHandler = handler;
    }
    isDestroyed(): boolean {
      return false;
    }
    send(channel: string, frame: unknown): void {
      this.sent.push([channel, frame]);
    }
  }
  class BrowserWindow extends EventEmitter {
    readonly webContents = new WebContents();
    readonly options: unknown;
    url = '';
    constructor(options: unknown) {
      super();
      this.options = options;
      state.windows.push(this);
    }
    loadURL(url: string): Promise<void> {
      this.url = url;
      return Promise.resolve();
    }
    show(): void {}
  }
  return {
    BrowserWindow,
    ipcMain: new EventEmitter(),
    ipcRenderer: Object.assign(new EventEmitter(), { send: vi.fn() }),
    contextBridge: { exposeInMainWorld: (name: string, value: unknown) => state.exposed.set(name, value) },
    protocol: {
      registerSchemesAsPrivileged: (schemes: unknown[]) => state.schemes.push(...schemes),
      handle: (scheme: string, handler: (request: Request) => Response) => state.handlers.set(scheme, handler),
    },
    Menu: {
      buildFromTemplate: (template: typeof state.template) => (state.template = template),
      setApplicationMenu: () => undefined,
    },
    standIn: state,
  };
});

interface StandIn {
  schemes: { scheme: string; privileges: Record<string, boolean> }[];
  handlers: Map<string, (request: Request) => Response>;
  exposed: Map<string, { send(frame: unknown): void; onFrame(listener: (frame: unknown) => void): void }>;
  template: { label?: string; role?: string; submenu?: { role?: string }[] }[];
}

const electron = (await import('electron')) as unknown as typeof Electron & { standIn: StandIn };
const { openWindow, connectWindow } = await import('./window.ts');
const { registerScheme, servePages, isOurPage, PAGE_URL } = await import('./pages.ts');
const { setMenu } = await import('./menu.ts');
const { FRAME_CHANNEL, OPEN_CHANNEL } = await import('./channels.ts');

type Opened = ReturnType<typeof openWindow> & {
  options: { webPreferences: Record<string, unknown> };
  url: string;
  webContents: {
    sent: unknown[];
    openHandler(): { action: string };
    permission(contents: unknown, permission: string, decide: (granted: boolean) => void): void;
    check(): boolean;
  };
};

const opened = (): Opened => openWindow('/preload.cjs') as Opened;

describe('the window', () => {
  it('is isolated, sandboxed and shows our page', () => {
    const window = opened();
    expect(window.options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      preload: '/preload.cjs',
    });
    expect(window.url).toBe(PAGE_URL);
  });

  it('goes nowhere else, opens nothing and is granted nothing', () => {
    const { webContents } = opened();
    for (const event of ['will-navigate', 'will-frame-navigate', 'will-attach-webview'] as const) {
      const preventDefault = vi.fn();
      (webContents as unknown as NodeJS.EventEmitter).emit(event, { preventDefault });
      expect([event, preventDefault.mock.calls.length]).toEqual([event, 1]);
    }
    expect(webContents.openHandler()).toEqual({ action: 'deny' });
    const decide = vi.fn();
    webContents.permission(webContents, 'media', decide);
    expect(decide).toHaveBeenCalledExactlyOnceWith(false);
    expect(webContents.check()).toBe(false);
  });
});

describe('frames', () => {
  let window: Opened;
  let pages: { sink: PageSink; received: unknown[]; gone: boolean }[];
  const ipcMain = (): NodeJS.EventEmitter => electron.ipcMain as unknown as NodeJS.EventEmitter;
  const ours = (): { sender: unknown; senderFrame: unknown } => ({ sender: window.webContents, senderFrame: window.webContents.mainFrame });

  beforeEach(() => {
    ipcMain().removeAllListeners();
    pages = [];
    const byPort = new Map<PagePort, (typeof pages)[number]>();
    const main: ConsoleMain = {
      onAlert: () => () => undefined,
      connect: (sink) => {
        const page = { sink, received: [] as unknown[], gone: false };
        const port = Object.create(PagePort.prototype) as PagePort;
        port.receive = (frame) => {
          if (frame === 'junk') throw new Error('no frame');
          page.received.push(frame);
        };
        byPort.set(port, page);
        pages.push(page);
        return port;
      },
      disconnect: (port) => {
        const page = byPort.get(port);
        if (page) page.gone = true;
      },
      close: () => undefined,
    };
    window = opened();
    connectWindow(window, main);
  });

  it('of our own page pass, both ways', () => {
    ipcMain().emit(OPEN_CHANNEL, ours());
    ipcMain().emit(FRAME_CHANNEL, ours(), { kind: 'call' });
    expect(pages[0]?.received).toEqual([{ kind: 'call' }]);
    pages[0]?.sink.send({ kind: 'result', id: 1, value: 2 });
    expect(window.webContents.sent).toEqual([[FRAME_CHANNEL, { kind: 'result', id: 1, value: 2 }]]);
  });

  it.each([
    ['another window', () => ({ sender: {}, senderFrame: window.webContents.mainFrame })],
    ['a frame inside the page', () => ({ sender: window.webContents, senderFrame: { url: 'gemel://console/' } })],
    ['no frame at all', () => ({ sender: window.webContents, senderFrame: null })],
  ])('of %s are not listened to', (_name, event) => {
    ipcMain().emit(OPEN_CHANNEL, event());
    expect(pages).toEqual([]);
    ipcMain().emit(OPEN_CHANNEL, ours());
    ipcMain().emit(FRAME_CHANNEL, event(), { kind: 'call' });
    expect(pages[0]?.received).toEqual([]);
  });

  it('of our window are not listened to while it shows another page', () => {
    Object.assign(window.webContents.mainFrame, { url: 'https://evil.example/' });
    ipcMain().emit(OPEN_CHANNEL, ours());
    expect(pages).toEqual([]);
  });

  it('of a reloaded page begin anew; a page that sends junk, or whose window closes, is disconnected', () => {
    ipcMain().emit(OPEN_CHANNEL, ours());
    ipcMain().emit(OPEN_CHANNEL, ours());
    expect(pages.map((p) => p.gone)).toEqual([true, false]);
    const error = vi.spyOn(console, 'error').mockReturnValue();
    ipcMain().emit(FRAME_CHANNEL, ours(), 'junk');
    error.mockRestore();
    expect(pages[1]?.gone).toBe(true);
    ipcMain().emit(OPEN_CHANNEL, ours());
    (window as unknown as NodeJS.EventEmitter).emit('closed');
    expect(pages[2]?.gone).toBe(true);
    expect(ipcMain().listenerCount(FRAME_CHANNEL)).toBe(0);
  });
});

describe('pages', () => {
  it('come from the application’s own scheme with a strict policy, and nothing else does', async () => {
    registerScheme();
    expect(electron.standIn.schemes[0]).toMatchObject({ scheme: 'gemel', privileges: { standard: true, secure: true } });
    servePages(new Map([['/', { body: Buffer.from('page'), type: 'text/html; charset=utf-8' }]]));
    const answer = (url: string, method = 'GET'): Response => {
      const handler = electron.standIn.handlers.get('gemel');
      if (!handler) throw new Error('nothing serves the scheme');
      return handler({ url, method } as Request);
    };
    const page = answer(PAGE_URL);
    expect([page.status, await page.text()]).toEqual([200, 'page']);
    expect(page.headers.get('content-security-policy')).toContain("connect-src 'self';");
    for (const url of ['gemel://console/../x', 'gemel://console/x', 'gemel://other/', 'nonsense'])
      expect([url, answer(url).status]).toEqual([url, 404]);
    expect(answer(PAGE_URL, 'POST').status).toBe(404);
  });

  it('are ours by scheme and host', () => {
    expect(isOurPage('gemel://console/#/mirror')).toBe(true);
    for (const url of [undefined, '', 'https://console/', 'gemel://other/', 'gemel://console.evil/', 'file:///x'])
      expect(isOurPage(url)).toBe(false);
  });
});

describe('the menu', () => {
  it('offers no developer tools and is the system’s own', () => {
    setMenu('linux');
    const roles = electron.standIn.template.flatMap((m) => [m.role, ...(m.submenu ?? []).map((i) => i.role)]);
    expect(roles).toContain('quit');
    expect(roles).not.toContain('toggleDevTools');
    setMenu('darwin');
    expect(electron.standIn.template[0]?.role).toBe('appMenu');
  });
});

describe('the preload script', () => {
  it('gives the page frames out and in, and nothing else', async () => {
    await import('./preload.ts');
    const bridge = electron.standIn.exposed.get('gemel');
    expect(Object.keys(bridge ?? {}).toSorted()).toEqual(['onFrame', 'send']);
    expect(electron.ipcRenderer.send).toHaveBeenCalledWith(OPEN_CHANNEL);
    const heard: unknown[] = [];
    bridge?.onFrame((frame) => heard.push(frame));
    (electron.ipcRenderer as unknown as NodeJS.EventEmitter).emit(FRAME_CHANNEL, { sender: 'not for the page' }, { kind: 'value' });
    bridge?.send({ kind: 'call' });
    expect(heard).toEqual([{ kind: 'value' }]);
    expect(electron.ipcRenderer.send).toHaveBeenCalledWith(FRAME_CHANNEL, { kind: 'call' });
  });
});
