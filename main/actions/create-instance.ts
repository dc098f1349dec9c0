import type { ActionContext, Of, Prepared } from './context.ts';
import { agentCheck, prepared } from './context.ts';
import { options } from './command-line.ts';

const CREATE_MS = 60_000;

/** Makes an instance and starts it. */
export function createInstance(action: Of<'createInstance'>, context: ActionContext): Prepared {
  const host = context.hosts.get(action.host);
  const name = action.name.toUpperCase();
  const { superserverPort, webPort } = action;
  const id = `${host.known.id}/${name}`;
  return prepared(action, {
    title: `Create instance ${name}`,
    subject: name,
    consequences: [
      `Instance ${name} is made on ${host.known.label}, below ${host.known.home}, with the namespace USER, and started.`,
      'It listens on this computer only until it is told otherwise, and goes on running when the console is closed.',
    ],
    checks: [agentCheck(host)],
    steps: [
      {
        text: `Create ${name}`,
        command: host.command(`instance create ${name} ${options({ 'superserver-port': superserverPort, 'web-port': webPort })}`.trim()),
        run: async () =>
          void (await host.callAgent(
            'instance.create',
            { name, ...(superserverPort === undefined ? {} : { superserverPort }), ...(webPort === undefined ? {} : { webPort }) },
            CREATE_MS,
          )),
        undo: { text: `Delete ${name} again`, run: async () => void (await host.callAgent('instance.delete', { name }, CREATE_MS)) },
      },
      {
        text: `Start ${name}`,
        command: host.command(`instance start ${name}`),
        run: async ({ signal }) => {
          await host.callAgent('instance.start', { name }, CREATE_MS);
          await context.hosts.until(
            (world) => world.hosts.some((h) => h.instances.some((i) => i.id === id && i.connection.state === 'live')),
            { what: `${name} reports`, timeoutMs: CREATE_MS, signal },
          );
        },
      },
    ],
    holds: [`instance ${id}`],
    result: `Instance ${name} runs.`,
  });
}
