import { existsSync } from 'node:fs';
import { type CommandResult, runCommand } from './command.ts';

/** What the installer needs of its surroundings; tests put in their own. */
export interface DebianHost {
  isRoot: boolean;
  hasApt: boolean;
  apt(args: string[]): Promise<CommandResult>;
  say(line: string): void;
}

const APT_MS_MAX = 300_000;

/** This machine. */
export function thisHost(say: (line: string) => void): DebianHost {
  return {
    isRoot: process.getuid?.() === 0,
    hasApt: existsSync('/usr/bin/apt-get'),
    apt: (args) => runCommand('/usr/bin/apt-get', args, { timeoutMs: APT_MS_MAX, env: { DEBIAN_FRONTEND: 'noninteractive' } }),
    say,
  };
}

/** Installs Debian packages for the tests; the list of packages is fetched once, before the first. */
export class DebianPackages {
  readonly #host: DebianHost;
  #updated = false;

  constructor(host: DebianHost) {
    this.#host = host;
  }

  /** @returns null when they are installed, else why they could not be */
  async install(packages: string[]): Promise<string | null> {
    const names = packages.join(' ');
    if (!this.#host.hasApt) return `${names} is not installed, and this is not a Debian system that could install it`;
    if (!this.#host.isRoot) return `${names} is not installed, and only root can install it (apt-get install ${names})`;
    this.#host.say(`Installing for the tests: ${names} (apt-get) ...`);
    if (!this.#updated) {
      const update = await this.#host.apt(['update', '-qq']);
      if (update.code !== 0) return `${names} is not installed, and apt-get update failed: ${lastLine(update.output)}`;
      this.#updated = true;
    }
    const result = await this.#host.apt(['install', '-y', '-qq', '--no-install-recommends', ...packages]);
    return result.code === 0 ? null : `${names} is not installed, and apt-get install failed: ${lastLine(result.output)}`;
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? 'it gave no reason';
}
