import { contextBridge, ipcRenderer } from 'electron';
import type { PreloadBridge } from '../../contract/index.ts';
import { FRAME_CHANNEL, OPEN_CHANNEL } from './channels.ts';

/** All that the page gets: frames out and frames in. What they may say is checked in main. */
const bridge: PreloadBridge = {
  send: (frame) => ipcRenderer.send(FRAME_CHANNEL, frame),
  onFrame: (listener) => {
    ipcRenderer.on(FRAME_CHANNEL, (_event, frame: unknown) => listener(frame));
  },
};

ipcRenderer.send(OPEN_CHANNEL);
contextBridge.exposeInMainWorld('gemel', bridge);
