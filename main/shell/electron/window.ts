import { BrowserWindow, ipcMain } from 'electron';
import type { IpcMainEvent } from 'electron';
import type { ConsoleMain, PagePort } from '../../console/index.ts';
import { FRAME_CHANNEL, OPEN_CHANNEL } from './channels.ts';
import { isOurPage, PAGE_URL } from './pages.ts';

/** Opens the console's window: an isolated, sandboxed page that can neither go elsewhere nor open anything. */
export function openWindow(preload: string): BrowserWindow {
  const window = new BrowserWindow({
    width: 1280,
    height: 800,
    minWidth: 800,
    minHeight: 560,
    title: 'Gemel',
    show: false,
    webPreferences: { preload, contextIsolation: true, sandbox: true, nodeIntegration: false, webSecurity: true, spellcheck: false },
  });
  const { webContents } = window;
  webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  webContents.on('will-navigate', (event) => event.preventDefault());
  webContents.on('will-frame-navigate', (event) => event.preventDefault());
  webContents.on('will-attach-webview', (event) => event.preventDefault());
  webContents.session.setPermissionRequestHandler((_contents, _permission, decide) => decide(false));
  webContents.session.setPermissionCheckHandler(() => false);
  window.once('ready-to-show', () => window.show());
  void window.loadURL(PAGE_URL);
  return window;
}

/** Connects `window`'s page with main: frames of our own page's main frame, of no other sender. */
export function connectWindow(window: BrowserWindow, main: ConsoleMain): void {
  const { webContents } = window;
  let page: PagePort | undefined;
  const disconnect = (): void => {
    if (page) main.disconnect(page);
    page = undefined;
  };
  const trusted = (event: IpcMainEvent): boolean =>
    event.sender === webContents && event.senderFrame === webContents.mainFrame && isOurPage(event.senderFrame.url);
  const onOpen = (event: IpcMainEvent): void => {
    if (!trusted(event)) return;
    disconnect();
    page = main.connect({
      send: (frame) => {
        if (!webContents.isDestroyed()) webContents.send(FRAME_CHANNEL, frame);
      },
      congested: () => false,
    });
  };
  const onFrame = (event: IpcMainEvent, frame: unknown): void => {
    if (!trusted(event)) return;
    try {
      page?.receive(frame);
    } catch (error) {
      // Not a frame of the contract: a page that sends such things is not ours any more.
      console.error(error);
      disconnect();
    }
  };
  ipcMain.on(OPEN_CHANNEL, onOpen);
  ipcMain.on(FRAME_CHANNEL, onFrame);
  window.on('closed', () => {
    disconnect();
    ipcMain.off(OPEN_CHANNEL, onOpen);
    ipcMain.off(FRAME_CHANNEL, onFrame);
  });
}
