import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { listRegistered, stopInstance } from '../engine/instance/host.ts';
import { GemelError } from '../engine/api/errors.ts';
import { createClient, socketTransport } from '../main/contract/index.ts';
import type { ConsoleClient } from '../main/contract/index.ts';
import { stopAgent } from './stop-agent.ts';

/** A web shell in a process of its own, and a client on it as a browser would be. */
export interface ConsoleProcess {
  readonly client: ConsoleClient;
  /** Ends the console as Ctrl-C does; gives its exit code. */
  stop(): Promise<number | null>;
}

const entry = fileURLToPath(new URL('../main/shell/web/main.ts', import.meta.url));

export async function startConsole(home: string): Promise<ConsoleProcess> {
  const child = spawn(process.execPath, [entry, '--home', home], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, GEMEL_HOME: home },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const address = await printedAddress(child);
  const sockets = new Set<WebSocket>();
  const cookie = await cookieOf(address);
  const dial = (): WebSocket => {
    const socket = new WebSocket(`ws://${address.host}/ws`, { headers: { cookie, origin: address.origin } });
    sockets.add(socket);
    return socket;
  };
  const client = createClient(
    socketTransport(
      // The package's sockets are the browser's as far as the transport uses them.
      dial as unknown as () => globalThis.WebSocket,
      () => undefined,
    ),
    () => Date.now(),
  );
  await new Promise<void>((resolve) => client.onConnection(({ state }) => state === 'open' && resolve()));
  const stop = (): Promise<number | null> => {
    for (const socket of sockets) socket.terminate();
    child.kill('SIGINT');
    return ended;
  };
  return { client, stop };
}

function printedAddress(child: ChildProcess): Promise<URL> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the console ended with exit code ${code} before it printed its address`)));
    if (!child.stdout) throw new Error('the console has no output');
    readline.createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^Console: (http\S+)$/.exec(line);
      if (found?.[1] !== undefined) resolve(new URL(found[1]));
    });
  });
}

async function cookieOf(address: URL): Promise<string> {
  const answer = await fetch(address, { redirect: 'manual' });
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

/** Ends everything that a test's console has left running below `home`, demo included, and deletes it. */
export async function cleanUp(home: string): Promise<void> {
  const homes = [home, ...['a', 'b', 'arbiter'].map((each) => path.join(home, 'demo', each))].filter((each) => fs.existsSync(each));
  for (const each of homes) {
    for (const { name } of listRegistered(each)) await killInstance(each, name);
    await stopAgent(each);
  }
  fs.rmSync(home, { recursive: true, force: true });
}

async function killInstance(home: string, name: string): Promise<void> {
  try {
    await stopInstance(home, name, { force: true });
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'NOT_RUNNING') throw error;
  }
}
