import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { GemelError } from '../../../engine/api/errors.ts';

/** How this console runs parts of the engine: a Node program and what comes before an entry's own arguments. */
export interface EngineCommand {
  readonly program: string;
  /** The folder that holds `engine/`. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface AgentProcess {
  /** Settles only when it ends: resolves with a sentence about why. */
  readonly ended: Promise<string>;
  /** Lets it live on without this process. */
  release(): void;
}

/**
 * Starts the agent of the host root `home` as a process of its own, which outlives the console. What it prints goes to
 * `run/agent.out`.
 */
export function spawnAgent(engine: EngineCommand, home: string): AgentProcess {
  const outFile = path.join(home, 'run', 'agent.out');
  const out = openOutput(outFile);
  try {
    const child = spawn(engine.program, [path.join(engine.root, 'engine', 'cli', 'process', 'agent.ts')], {
      cwd: home,
      detached: true,
      stdio: ['ignore', out, out],
      env: { ...process.env, ...engine.env, GEMEL_HOME: home },
    });
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(lastLine(outFile) ?? `It ended with ${signal ?? `exit code ${code ?? 'unknown'}`}.`));
    });
    return { ended, release: () => child.unref() };
  } finally {
    fs.closeSync(out);
  }
}

function openOutput(file: string): number {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    return fs.openSync(file, 'w', 0o600);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GemelError('RIGHTS', `The agent's directory cannot be written: ${reason}.`, 'Nothing was started.', 'Give this user the right to write there, or choose another --home.');
  }
}

function lastLine(file: string): string | undefined {
  if (!fs.existsSync(file)) return undefined; // a removed demo takes its files along
  const lines = fs.readFileSync(file, 'utf8').split('\n').map((line) => line.trim());
  return lines.findLast((line) => line !== '');
}
