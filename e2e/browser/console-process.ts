import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inventory, stopInstance } from '../../engine/instance/host.ts';
import { buildRendererIfStale } from '../../resources/bootstrap/start/renderer.ts';
import { stopAgent } from '../stop-agent.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A console in a web shell, on a home of its own. */
export interface ConsoleProcess {
  readonly home: string;
  /** Lets one browser in. */
  readonly address: string;
  /** Ends the console's main process as a crash would. Instances and agents run on. */
  kill(): Promise<void>;
  /** Ends the console and whatever it left running, and removes the home. */
  close(): Promise<void>;
}

/** Builds the page where it is stale, and starts the shell. */
export async function startConsole(): Promise<ConsoleProcess> {
  await buildRendererIfStale(root, () => undefined);
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-e2e-'));
  fs.writeFileSync(path.join(home, 'iscagent.conf'), 'application_server.port=0\n');
  const child = spawn(process.execPath, [path.join(root, 'main/shell/web/main.ts'), '--home', home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  return {
    home,
    address: await addressOf(child),
    kill: () => end('SIGKILL'),
    close: async () => {
      await end('SIGTERM');
      await stopLeftovers(home);
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the shell has no output');
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const found = /^Console: (http:\S+)$/.exec(line)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error('the shell ended without printing its address');
}

/** What a failed test left behind: every instance and agent of the demo, and the agent of the home itself. */
async function stopLeftovers(home: string): Promise<void> {
  const demo = path.join(home, 'demo');
  const hosts = fs.existsSync(demo) ? fs.readdirSync(demo).map((name) => path.join(demo, name)) : [];
  for (const host of [...hosts, home]) {
    for (const { name, state } of await inventory(host)) if (state !== 'stopped') await stopInstance(host, name, { force: true });
    await stopAgent(host);
  }
}
