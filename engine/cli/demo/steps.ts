import { createAndStart, createMirror, joinAsync, joinMirror, startAgents, waitFor, waitReady, type AgentAddresses } from './pair.ts';
import { expect, until, type DemoNode, type DemoWorld } from './world.ts';

/** One step of the walk. */
export interface DemoStep {
  readonly title: string;
  /** The commands that do the same, without the host root. */
  readonly commands: readonly string[];
  /** Does it and checks it; returns what was seen. Throws what was not as it should be. */
  run(signal: AbortSignal): Promise<string>;
}

const MIRROR = 'DEMO';
const DATABASE = 'DB';
const QOS_MS = 2000;

/** The whole walk: make a mirror, use it, hand over, lose the primary. Each step relies on those before it. */
export function demoSteps(world: DemoWorld): DemoStep[] {
  return [...makingSteps(world), ...usingSteps(world), ...handOverSteps(world), ...killSteps(world)];
}

function makingSteps(world: DemoWorld): DemoStep[] {
  let agents: AgentAddresses = new Map();
  const { one, two, three } = world.nodes;
  return [
    {
      title: 'Start the agents of two hosts, and of a third one as arbiter',
      commands: ['gemel agent start --port 0'],
      async run() {
        agents = await startAgents(world);
        return [...agents].map(([host, address]) => `${host.name} on ${address}`).join(', ');
      },
    },
    {
      title: 'Create and start an instance on each of the two hosts',
      commands: [`gemel instance create ${one.name}`, `gemel instance start ${one.name}`],
      async run() {
        for (const node of [one, two]) await createAndStart(node);
        return `${one.name} on port ${one.port}, ${two.name} on port ${two.port}`;
      },
    },
    {
      title: `Create mirror ${MIRROR} with ${one.name} as its first failover member`,
      commands: [`gemel mirror create ${one.name} --name ${MIRROR} --arbiter HOST:PORT`],
      async run(signal) {
        await createMirror(world, agents, MIRROR, QOS_MS);
        return waitFor(one, signal, { [one.name]: 'Primary' });
      },
    },
    {
      title: `Join ${two.name} as the second failover member`,
      commands: [`gemel mirror join ${two.name} --mirror ${MIRROR} --as failover --agent HOST:PORT --via ${one.name}`],
      async run(signal) {
        await joinMirror(world, agents, MIRROR);
        return waitFor(one, signal, { [one.name]: 'Primary', [two.name]: 'Backup' });
      },
    },
    {
      title: `Join ${three.name}, on a host of its own, as an async member for disaster recovery`,
      commands: [
        `gemel agent start --port 0`,
        `gemel instance create ${three.name}`,
        `gemel instance start ${three.name}`,
        `gemel mirror join ${three.name} --mirror ${MIRROR} --as dr --agent HOST:PORT --via ${two.name}`,
      ],
      async run(signal) {
        await joinAsync(world, agents, MIRROR);
        return waitFor(one, signal, { [one.name]: 'Primary', [two.name]: 'Backup', [three.name]: 'Connected' });
      },
    },
    {
      title: `Create the mirrored database ${DATABASE} with its namespace on all three`,
      commands: [one, two, three].map(({ name }) => `gemel db create ${name} ${DATABASE} --mirrored`),
      async run(signal) {
        for (const node of [one, two, three]) await node.call('db.create', { name: DATABASE, mirrored: true });
        await waitReady(one, two, signal);
        const [database] = (await two.call('db.list', {})).filter((each) => each.name === DATABASE);
        expect(database?.mirrored === true, `${two.name} lists ${DATABASE} as mirrored`, database);
        return `${DATABASE} is mirrored as ${database?.mirror}:${database?.mirrorDatabase}`;
      },
    },
  ];
}

function usingSteps({ nodes: { one, two, three } }: DemoWorld): DemoStep[] {
  return [
    {
      title: `The inventory shows ${one.name} as primary (+) and ${two.name} as backup (-)`,
      commands: ['gemel inventory'],
      run: (signal) => waitFor(one, signal, { [one.name]: 'Primary', [two.name]: 'Backup' }),
    },
    shellStep(one, 'Set ^myfirstglobal="congratulations"', '', 'Set a global on the primary'),
    shellStep(one, 'Write ^myfirstglobal', 'congratulations', 'Read it there'),
    shellStep(two, 'Write ^myfirstglobal', 'congratulations', 'Read it on the backup'),
    shellStep(two, 'Set ^myfirstglobal="what next?"', '<PROTECT>', 'The backup refuses to change it'),
    shellStep(three, 'Write ^myfirstglobal', 'congratulations', 'Read it on the async'),
    shellStep(three, 'Set ^myfirstglobal="what next?"', '<PROTECT>', 'The async refuses to change it'),
  ];
}

function handOverSteps({ nodes: { one, two, three } }: DemoWorld): DemoStep[] {
  return [
    {
      title: `Stop and restart the primary: ${two.name} takes over`,
      commands: [`gemel instance stop ${one.name} --restart`],
      async run(signal) {
        await one.host.agent('instance.stop', { name: one.name, restart: true });
        return waitFor(two, signal, { [two.name]: 'Primary' });
      },
    },
    shellStep(two, 'Set ^myfirstglobal="what next?"', '', 'The new primary takes changes'),
    shellStep(two, 'Write ^myfirstglobal', 'what next?', 'Read it there'),
    {
      title: `The roles have changed: ${one.name} is backup (-), ${two.name} primary (+)`,
      commands: ['gemel ps'],
      run: (signal) => waitFor(two, signal, { [one.name]: 'Backup', [two.name]: 'Primary' }),
    },
    shellStep(one, 'Write ^myfirstglobal', 'what next?', 'The former primary has the new value'),
    shellStep(three, 'Write ^myfirstglobal', 'what next?', 'The async follows the new primary'),
    shellStep(one, 'Set ^myfirstglobal="another demo"', '<PROTECT>', 'As backup it refuses to change it'),
  ];
}

function killSteps({ nodes: { one, two, three } }: DemoWorld): DemoStep[] {
  return [
    {
      title: `Kill the primary ${two.name} (SIGKILL): ${one.name} takes over by itself`,
      commands: [`gemel instance stop ${two.name} --force`],
      async run(signal) {
        await waitReady(two, one, signal);
        const set = await two.shell('Set ^lastwords="acknowledged before the end"');
        expect(set === '', 'the last update is acknowledged', set);
        await two.host.agent('instance.stop', { name: two.name, force: true });
        return waitFor(one, signal, { [one.name]: 'Primary' });
      },
    },
    shellStep(one, 'Write ^lastwords', 'acknowledged before the end', 'Nothing that was acknowledged is lost'),
    shellStep(one, 'Set ^myfirstglobal="still here"', '', 'The new primary takes changes'),
    {
      title: `Start ${two.name} again: it comes back as backup`,
      commands: [`gemel instance start ${two.name}`],
      async run(signal) {
        await two.host.agent('instance.start', { name: two.name });
        return waitFor(one, signal, { [one.name]: 'Primary', [two.name]: 'Backup' });
      },
    },
    shellStep(two, 'Write ^myfirstglobal', 'still here', 'It has what was changed meanwhile'),
    shellStep(two, 'Set ^myfirstglobal="no"', '<PROTECT>', 'As backup it refuses to change it'),
    shellStep(three, 'Write ^myfirstglobal', 'still here', 'The async has it too'),
    {
      title: 'All three members hold the same nodes',
      commands: [one, two, three].map(({ name }) => `gemel db verify ${name} ${DATABASE}`),
      async run() {
        const found = await Promise.all([one, two, three].map((node) => node.call('db.verify', { name: DATABASE })));
        expect(
          found.every(({ sound, digest }) => sound && digest === found[0]?.digest),
          'all are sound and equal',
          found,
        );
        return `${found[0]?.nodes} nodes, digest ${found[0]?.digest.slice(0, 16)}... on each`;
      },
    },
  ];
}

/** One line typed in the shell. What the backup shows may come a moment later than on the primary. */
function shellStep(node: DemoNode, line: string, expected: string, title: string): DemoStep {
  return {
    title: `${title}: ${line}`,
    commands: [`gemel shell ${node.name} --namespace ${DATABASE} -c '${line}'`],
    async run(signal) {
      const seen = line.startsWith('Write')
        ? await until(`${node.name} shows ${expected}`, signal, async () => {
            const output = await node.shell(line);
            return { ok: output === expected, seen: output };
          })
        : await node.shell(line);
      expect(seen === expected, `${node.name} answers ${expected === '' ? 'without an error' : expected}`, seen);
      return `${node.name} ${DATABASE}> ${line}${seen === '' ? '' : ` -> ${seen}`}`;
    },
  };
}
