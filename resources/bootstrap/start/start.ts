import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chooseShell, thisMachine } from './choose.ts';
import type { StartOptions } from './options.ts';
import { buildRendererIfStale } from './renderer.ts';
import { run, showInChromium, startWebShell } from './web-shell.ts';

/**
 * Opens the console and waits until it is closed. The instances and agents it started go on running.
 * @returns the exit code
 */
export async function start(root: string, options: StartOptions, say: (line: string) => void): Promise<number> {
  await buildRendererIfStale(root, say);
  const shell = await chooseShell(options, thisMachine(root, say));
  if (shell.note !== '') say(shell.note);
  const homeArgs = options.home === null ? [] : ['--home', options.home];
  if (shell.kind === 'electron') return startElectron(root, shell.executable, homeArgs);

  const entry = join(root, 'main', 'shell', 'web', 'main.ts');
  if (!existsSync(entry)) {
    say(`This checkout has no web console (${entry} is missing). Nothing was started.`);
    return 1;
  }
  const web = await startWebShell(entry, homeArgs, say);
  if (web.address === null) return (await web.ended) ?? 1;
  if (shell.kind === 'chromium') {
    say('The console is open in a window of its own. Closing it ends the console; instances and agents go on running.');
    await showInChromium(shell.executable, web.address);
    web.child.kill('SIGTERM');
  } else {
    say(`Console: ${web.address}`);
    say(
      'The address lets one browser of this computer in, once (on a terminal, Enter gives another). Ctrl-C ends the console; instances and agents go on running.',
    );
  }
  const code = await web.ended;
  // Ended by the signal that we passed on: that is how a console ends.
  return code ?? 0;
}

async function startElectron(root: string, executable: string, args: string[]): Promise<number> {
  const { bundleElectron, bundleEntries } = await import('../../tooling/build/bundle.ts');
  // As a bundle, the desktop shell starts the agent, and that the instances, from their bundles.
  const [entry] = await Promise.all([bundleElectron(root), bundleEntries(root)]);
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const env = { ...process.env };
  // Set, it would make Electron a plain Node.
  delete env['ELECTRON_RUN_AS_NODE'];
  return (await run(executable, [...sandbox, entry, ...args], ['ignore', 'inherit', 'inherit'], env).ended) ?? 0;
}
