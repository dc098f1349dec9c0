import fs from 'node:fs';
import path from 'node:path';
import { GemelError } from '../../engine/api/errors.ts';
import { anyFreePorts } from '../../engine/instance/host.ts';
import type { Plan } from '../contract/index.ts';
import type { Host } from '../hosts/index.ts';
import type { JobStepDefinition } from '../jobs/index.ts';
import type { KnownHost } from '../store/index.ts';
import { prepared, waitStep } from './context.ts';
import type { ActionContext, Of, Prepared } from './context.ts';
import { activeBackup, isPrimary } from './instances.ts';

const MIRROR = 'DEMO';
const DATABASE = 'DEMO';
const QOS_MS = 2000;
const LOOPBACK = '127.0.0.1';
const CALL_MS = 60_000;
const READY_MS = 60_000;
const HOLDS = ['demo', `mirror ${MIRROR}`];
const ARBITER_HOST = 'demo-arbiter';

/** One failover member of the demo: a host of its own in this computer, with one instance. */
interface DemoMember {
  readonly host: string;
  readonly instance: string;
  readonly agentPort: number;
  readonly superserverPort: number;
  readonly webPort: number;
}

interface DemoLayout {
  readonly a: DemoMember;
  readonly b: DemoMember;
  readonly arbiterPort: number;
}

/** A mirror of two failover members and an arbiter, each with a host root of its own below `<home>/demo`. */
export async function createDemoMirror(action: Of<'createDemoMirror'>, context: ActionContext): Promise<Prepared> {
  const layout = await layoutDemo();
  const { a, b } = layout;
  return prepared(action, {
    title: 'Create a demo mirror on this computer',
    subject: MIRROR,
    consequences: [
      `Two database instances (${a.instance}, ${b.instance}), their agents and an arbiter are started below ${demoFolder(context)}.`,
      `Mirror ${MIRROR} with the mirrored database ${DATABASE} is made of them; they listen on this computer only.`,
      'They go on running when the console is closed. “Remove the demo mirror” takes everything away again.',
    ],
    steps: [
      prepareStep(context, layout),
      ...agentSteps(context, layout),
      ...memberSteps(context, a),
      ...memberSteps(context, b),
      ...mirrorSteps(context, layout),
      readyStep(context, layout),
    ],
    refusals: demoExists(context) ? [{ reason: 'There is a demo mirror already.', todo: 'Remove it first.' }] : [],
    holds: HOLDS,
    result: `Mirror ${MIRROR} runs: ${a.instance} is primary, ${b.instance} is its backup.`,
  });
}

async function layoutDemo(): Promise<DemoLayout> {
  const [agentA = 0, agentB = 0, arbiterPort = 0, superA = 0, superB = 0, webA = 0, webB = 0] = await anyFreePorts(7);
  return {
    a: { host: 'demo-a', instance: 'DEMO_A', agentPort: agentA, superserverPort: superA, webPort: webA },
    b: { host: 'demo-b', instance: 'DEMO_B', agentPort: agentB, superserverPort: superB, webPort: webB },
    arbiterPort,
  };
}

function prepareStep(context: ActionContext, layout: DemoLayout): JobStepDefinition {
  const run = async (): Promise<void> => {
    if (demoExists(context)) throw new GemelError('EXISTS', 'There is a demo mirror already.', 'Nothing was changed.', 'Remove it first.');
    for (const id of [layout.a.host, layout.b.host, ARBITER_HOST]) {
      const known = demoHost(context, id);
      fs.mkdirSync(known.home, { recursive: true, mode: 0o700 });
      context.store.hosts.put(known);
      context.hosts.add(known);
    }
  };
  return { text: `Make host roots below ${demoFolder(context)}`, command: null, run };
}

function agentSteps(context: ActionContext, layout: DemoLayout): JobStepDefinition[] {
  const step = (id: string, text: string, port: number): JobStepDefinition => ({
    text,
    command: commandOf(context, id, `agent start --port ${port}`),
    run: () => context.hosts.get(id).startAgent({ port }),
  });
  return [
    step(layout.a.host, 'Start the agent of the first member’s host', layout.a.agentPort),
    step(layout.b.host, 'Start the agent of the second member’s host', layout.b.agentPort),
    step(ARBITER_HOST, 'Start the arbiter: an agent on a host of its own', layout.arbiterPort),
  ];
}

function memberSteps(context: ActionContext, member: DemoMember): JobStepDefinition[] {
  const { host, instance: name, superserverPort, webPort } = member;
  return [
    {
      text: `Create instance ${name}`,
      command: commandOf(context, host, `instance create ${name} --superserver-port ${superserverPort} --web-port ${webPort}`),
      run: async () => void (await context.hosts.get(host).callAgent('instance.create', { name, superserverPort, webPort }, CALL_MS)),
    },
    {
      text: `Start instance ${name}`,
      command: commandOf(context, host, `instance start ${name}`),
      run: async ({ signal }) => {
        await context.hosts.get(host).callAgent('instance.start', { name }, CALL_MS);
        await context.hosts.until(
          (world) => world.hosts.some((h) => h.instances.some((i) => i.id === `${host}/${name}` && i.connection.state === 'live')),
          { what: `${name} reports`, timeoutMs: READY_MS, signal },
        );
      },
    },
  ];
}

function mirrorSteps(context: ActionContext, layout: DemoLayout): JobStepDefinition[] {
  const { a, b } = layout;
  const arbiter = `${LOOPBACK}:${layout.arbiterPort}`;
  const [agentA, agentB] = [`${LOOPBACK}:${a.agentPort}`, `${LOOPBACK}:${b.agentPort}`];
  const hostOf = (member: DemoMember): Host => context.hosts.get(member.host);
  return [
    {
      text: `Create mirror ${MIRROR} on ${a.instance}, its first failover member`,
      command: commandOf(
        context,
        a.host,
        `mirror create ${a.instance} --name ${MIRROR} --member ${a.instance} --arbiter ${arbiter} --arbiter-on-member-host --qos ${QOS_MS} --agent-address ${agentA}`,
      ),
      run: async () =>
        void (await hostOf(a).callInstance(
          a.instance,
          'mirror.create',
          { name: MIRROR, member: a.instance, arbiter, arbiterOnMemberHost: true, qosMs: QOS_MS, agentAddress: agentA },
          CALL_MS,
        )),
    },
    waitStep(context, {
      text: `Wait until ${a.instance} is primary`,
      mirror: MIRROR,
      timeoutMs: READY_MS,
      wanted: (m) => isPrimary(m, a.instance),
    }),
    {
      text: `Join ${b.instance} as the second failover member`,
      command: commandOf(
        context,
        b.host,
        `mirror join ${b.instance} --mirror ${MIRROR} --as failover --agent ${agentA} --via ${a.instance} --member ${b.instance} --agent-address ${agentB}`,
      ),
      run: async () =>
        void (await hostOf(b).callInstance(
          b.instance,
          'mirror.join',
          { mirror: MIRROR, as: 'failover', agent: agentA, via: a.instance, member: b.instance, agentAddress: agentB },
          CALL_MS,
        )),
    },
    ...[a, b].map((member): JobStepDefinition => ({
      text: `Create the mirrored database ${DATABASE} on ${member.instance}`,
      command: commandOf(context, member.host, `db create ${member.instance} ${DATABASE} --mirrored`),
      run: async () => void (await hostOf(member).callInstance(member.instance, 'db.create', { name: DATABASE, mirrored: true }, CALL_MS)),
    })),
  ];
}

function readyStep(context: ActionContext, { a, b }: DemoLayout): JobStepDefinition {
  return waitStep(context, {
    text: `Wait until ${b.instance} is the active backup`,
    mirror: MIRROR,
    timeoutMs: READY_MS,
    wanted: (m) => m !== undefined && isPrimary(m, a.instance) && activeBackup(m) === b.instance,
  });
}

/** Stops whatever of the demo runs and deletes it all. */
export function removeDemoMirror(action: Of<'removeDemoMirror'>, context: ActionContext): Prepared {
  const hosts = context.hosts.world().hosts.filter((h) => h.known.demo);
  const stops = hosts.flatMap((h) => h.instances.map(({ name }) => stopStep(context, h.known.id, name)));
  const agents = hosts.map((h) => stopAgentStep(context, h.known));
  return prepared(action, {
    title: 'Remove the demo mirror',
    subject: MIRROR,
    consequences: [
      'The demo’s instances, agents and arbiter are stopped.',
      `${demoFolder(context)} is deleted with every database in it.`,
      'Nothing else on this computer is touched.',
    ],
    steps: [...stops, ...agents, { text: 'Delete its files', command: `rm -r ${demoFolder(context)}`, run: async () => forget(context) }],
    refusals: demoExists(context) ? strayRefusals(hosts) : [{ reason: 'There is no demo mirror.', todo: '' }],
    danger: true,
    holds: HOLDS,
    result: 'The demo mirror is gone.',
  });
}

/** Deleting files under running processes would be no clean end: an agent that does not answer cannot be told to stop them. */
function strayRefusals(hosts: ReturnType<ActionContext['hosts']['world']>['hosts']): Plan['refusals'] {
  const stray = hosts.find((h) => h.connection.state !== 'live' && h.instances.some((i) => i.status.state !== 'stopped'));
  return stray
    ? [
        {
          reason: `The agent of ${stray.known.label} does not answer, so its instances cannot be stopped.`,
          todo: 'Start that agent first.',
        },
      ]
    : [];
}

function stopStep(context: ActionContext, host: string, name: string): JobStepDefinition {
  const run = async (): Promise<void> => {
    const status = context.hosts
      .get(host)
      .facts()
      .instances.find((i) => i.name === name)?.status.state;
    if (status !== 'stopped') await context.hosts.get(host).callAgent('instance.stop', { name, force: true }, CALL_MS);
  };
  return { text: `Stop instance ${name}`, command: commandOf(context, host, `instance stop ${name} --force`), run };
}

function stopAgentStep(context: ActionContext, known: KnownHost): JobStepDefinition {
  const text = `Stop the agent of ${known.label}`;
  return { text, command: commandOf(context, known.id, 'agent stop'), run: () => context.hosts.get(known.id).stopAgent() };
}

function forget(context: ActionContext): void {
  for (const { known } of context.hosts.world().hosts.filter((h) => h.known.demo)) {
    context.hosts.remove(known.id);
    context.store.hosts.remove(known.id);
  }
  fs.rmSync(demoFolder(context), { recursive: true, force: true });
  context.store.settings.forgetMirror(MIRROR);
}

function demoFolder(context: ActionContext): string {
  return path.join(context.home, 'demo');
}

function demoExists(context: ActionContext): boolean {
  return fs.existsSync(demoFolder(context)) || context.hosts.world().hosts.some((h) => h.known.demo);
}

function demoHost(context: ActionContext, id: string): KnownHost {
  const labels: Record<string, string> = { 'demo-a': 'demo host A', 'demo-b': 'demo host B', [ARBITER_HOST]: 'demo arbiter' };
  return { id, label: labels[id] ?? id, kind: 'local', home: path.join(demoFolder(context), id.replace('demo-', '')), demo: true };
}

function commandOf(context: ActionContext, id: string, args: string): string {
  return `GEMEL_HOME=${demoHost(context, id).home} gemel ${args}`;
}
