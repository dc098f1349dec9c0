import { z } from 'zod';
import { createClient } from './client.ts';
import type { ConsoleClient, Transport } from './client.ts';
import type { ToMain } from './wire.ts';

/** What the desktop shell's preload script offers the page: frames out and in, nothing else. */
export interface PreloadBridge {
  send(frame: ToMain): void;
  onFrame(listener: (frame: unknown) => void): void;
}

const RETRY_MS_FIRST = 250;
const RETRY_MS_MOST = 5000;

/**
 * The page's client: through the preload bridge (`window.gemel`) in the desktop shell, else through a WebSocket to
 * where the page came from.
 */
export function openConsole(window: Window & { gemel?: PreloadBridge }): ConsoleClient {
  // zod compiles its checks with `new Function` where it may; the page's policy forbids that, and only trying is reported as a breach.
  z.config({ jitless: true });
  const now = (): number => Date.now();
  if (window.gemel) return createClient(bridgeTransport(window.gemel), now);
  const { protocol, host } = window.location;
  return createClient(
    socketTransport(() => new WebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}/ws`), setTimeout),
    now,
  );
}

function bridgeTransport(bridge: PreloadBridge): Transport {
  return {
    send: (frame) => bridge.send(frame),
    start: (events) => {
      bridge.onFrame((frame) => events.onFrame(frame));
      events.onOpen();
    },
  };
}

/**
 * A transport over WebSockets that dials again after a loss, a little later each time.
 * @param dial opens a new socket
 * @param later calls a function after so many ms
 */
export function socketTransport(dial: () => WebSocket, later: (fn: () => void, ms: number) => unknown): Transport {
  let socket: WebSocket | undefined;
  let retryMs = RETRY_MS_FIRST;
  return {
    send: (frame) => socket?.send(JSON.stringify(frame)),
    start: (events) => {
      const connect = (): void => {
        const mine = dial();
        mine.addEventListener('open', () => {
          socket = mine;
          retryMs = RETRY_MS_FIRST;
          events.onOpen();
        });
        mine.addEventListener('message', (event: MessageEvent) => events.onFrame(JSON.parse(String(event.data)) as unknown));
        mine.addEventListener('close', () => {
          socket = undefined;
          events.onClose();
          later(connect, retryMs);
          retryMs = Math.min(retryMs * 2, RETRY_MS_MOST);
        });
      };
      connect();
    },
  };
}
