import { afterEach, expect, it, vi } from 'vitest';
import { openConsole, socketTransport } from './index.ts';
import type { ToMain } from './index.ts';

class FakeSocket extends EventTarget {
  readonly sent: string[] = [];
  send(text: string): void {
    this.sent.push(text);
  }
}

const frame: ToMain = { kind: 'unsubscribe', id: 1 };

afterEach(() => vi.unstubAllGlobals());

it('dials again after every loss, a little later each time, and at once-speed again after a success', () => {
  const sockets: FakeSocket[] = [];
  const waits: number[] = [];
  let redial = (): void => undefined;
  const told: unknown[] = [];
  const dial = (): WebSocket => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket as unknown as WebSocket;
  };
  const transport = socketTransport(dial, (fn, ms) => {
    waits.push(ms);
    redial = fn;
  });
  transport.start({ onOpen: () => told.push('open'), onClose: () => told.push('close'), onFrame: (f) => told.push(f) });
  transport.send(frame); // nowhere to go yet
  for (let i = 0; i < 7; i++) {
    sockets.at(-1)?.dispatchEvent(new Event('close'));
    redial();
  }
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
  sockets.at(-1)?.dispatchEvent(new Event('open'));
  sockets.at(-1)?.dispatchEvent(new MessageEvent('message', { data: '{"a":1}' }));
  transport.send(frame);
  expect(sockets.at(-1)?.sent).toEqual([JSON.stringify(frame)]);
  sockets.at(-1)?.dispatchEvent(new Event('close'));
  expect(waits.at(-1)).toBe(250);
  expect(told.slice(-3)).toEqual(['open', { a: 1 }, 'close']);
  expect(sockets.flatMap((s) => s.sent)).toHaveLength(1);
});

it('uses the desktop shell’s bridge where there is one, else a socket to where the page came from', async () => {
  const sent: ToMain[] = [];
  let hear = (_frame: unknown): void => undefined;
  const bridge = { send: (f: ToMain) => void sent.push(f), onFrame: (listener: (f: unknown) => void) => void (hear = listener) };
  const desktop = openConsole({ gemel: bridge } as unknown as Parameters<typeof openConsole>[0]);
  const answer = desktop.call('settings.theme', { theme: 'dark' });
  hear({ kind: 'result', id: sent[0]?.id, value: {} });
  await expect(answer).resolves.toEqual({});
  const dialled: string[] = [];
  vi.stubGlobal(
    'WebSocket',
    class extends EventTarget {
      constructor(url: string) {
        super();
        dialled.push(url);
      }
    },
  );
  openConsole({ location: { protocol: 'http:', host: '127.0.0.1:4711' } } as unknown as Parameters<typeof openConsole>[0]);
  expect(dialled).toEqual(['ws://127.0.0.1:4711/ws']);
});
