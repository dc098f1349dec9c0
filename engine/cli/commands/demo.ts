import type { Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import { command, type Context, type JsonOption } from '../context.ts';
import { runSteps, type DemoReporter, type StepOutcome } from '../demo/run.ts';
import { demoSteps } from '../demo/steps.ts';
import { endWorld, leaveWorld, makeWorld, type DemoWorld } from '../demo/world.ts';
import type { Terminal } from '../output.ts';

interface DemoFlags extends JsonOption {
  readonly keep?: boolean;
}

export function addDemoCommand(program: Command, { terminal }: Context): void {
  command(
    program,
    'demo',
    'make a mirror of two instances, an async member and an arbiter on this computer, use it, hand over, and lose its primary',
  )
    .option('--keep', 'leave it running at the end')
    .action(({ json = false, keep = false }: DemoFlags) => demo(terminal, json, keep));
}

async function demo(terminal: Terminal, json: boolean, keep: boolean): Promise<void> {
  const world = makeWorld();
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort(new GemelError('REFUSED', 'The demo was interrupted.'));
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  let outcomes: StepOutcome[] = [];
  try {
    if (!json) terminal.out(`The demo runs in ${world.root}${keep ? ', and stays there' : ', which is removed at the end'}.\n`);
    outcomes = await runSteps(demoSteps(world), json ? silent : printing(terminal), interrupt.signal);
  } finally {
    const kept = keep && !interrupt.signal.aborted;
    if (kept) leaveWorld(world);
    else await endWorld(world);
    if (kept && !json) terminal.out(howToContinue(world));
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
  const failed = outcomes.find((each) => !each.ok);
  if (json) terminal.out(`${JSON.stringify({ ok: failed === undefined, root: keep ? world.root : null, steps: outcomes })}\n`);
  else if (failed === undefined) terminal.out(`All ${outcomes.length} steps are as they should be.\n`);
  if (failed !== undefined)
    throw new GemelError(
      'REFUSED',
      `The demo failed at step ${outcomes.length}, "${failed.title}".`,
      failed.detail,
      keep ? `Its logs are in ${world.root}.` : 'With --keep everything stays for a look.',
    );
}

const silent: DemoReporter = { begin: () => undefined, end: () => undefined };

function printing(terminal: Terminal): DemoReporter {
  return {
    begin: ({ title, commands }, number, total) => {
      terminal.out(`\n${String(number).padStart(2)}/${total} ${title}\n`);
      for (const each of commands) terminal.out(`      $ ${each}\n`);
    },
    end: ({ ok, detail, ms }) => terminal.out(`      [${ok ? 'ok' : 'failed'}] ${detail} (${(ms / 1000).toFixed(1)} s)\n`),
  };
}

function howToContinue({ root, hosts, nodes }: DemoWorld): string {
  const { one, two, three } = nodes;
  const on = (home: string, rest: string): string => `  GEMEL_HOME=${home} gemel ${rest}\n`;
  return [
    `\nThe demo goes on running in ${root}. To go on with it:\n`,
    on(hosts.one.home, `mirror monitor ${one.name}`),
    on(hosts.one.home, `shell ${one.name} --namespace DB`),
    on(hosts.two.home, `shell ${two.name} --namespace DB`),
    on(hosts.three.home, `mirror status ${three.name}`),
    'To end it:\n',
    ...[three, two, one].map((node) => on(node.host.home, `instance stop ${node.name} --force`)),
    ...Object.values(hosts).map((host) => on(host.home, 'agent stop')),
    `  rm -r ${root}\n`,
  ].join('');
}
