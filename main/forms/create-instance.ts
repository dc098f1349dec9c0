import { InstanceName } from '../../engine/api/names.ts';
import type { About, FormValues } from '../contract/index.ts';
import type { ActionContext } from '../actions/index.ts';
import { z } from 'zod';
import { FormBuilder } from './builder.ts';
import { hostOptions, hosts } from './choices.ts';

const Port = z.number().int('A port is a whole number.').min(1, 'A port is at least 1.').max(65535, 'A port is at most 65535.');

export function createInstance(about: About, values: FormValues, context: ActionContext) {
  const form = new FormBuilder('createInstance', values);
  form.group('Instance');
  const host = form.choice('host', {
    label: 'Host',
    options: hostOptions(context),
    initial: about.host ?? 'local',
    none: 'No agent answers. Start the agent of a host first.',
  });
  const taken = hosts(context)
    .filter(({ known }) => known.id === host)
    .flatMap((each) => each.instances.map(({ name }) => name));
  const name = form.text('name', {
    label: 'Name',
    help: 'A letter first, then letters, digits, - and _. It is kept in capitals.',
    rule: InstanceName,
    wrong: (typed) => (taken.includes(typed.toUpperCase()) ? `This host has an instance ${typed.toUpperCase()} already.` : null),
  });
  form.group('Ports', { advanced: true, hint: 'Give both members of a failover pair the same ports: clients then find either.' });
  const superserverPort = form.number('superserverPort', {
    label: 'Superserver port',
    help: 'Clients and other members connect here.',
    placeholder: 'first free one from 1972',
    rule: Port,
  });
  const webPort = form.number('webPort', {
    label: 'Web port',
    help: 'Metrics and health.',
    placeholder: 'first free one from 52773',
    rule: Port,
  });
  return form.end(
    {
      title: 'Create an instance',
      intro: 'A database instance on a host of this console. It is started at once and goes on without the console.',
    },
    () => ({
      action: 'createInstance',
      host,
      name: name ?? '',
      ...(superserverPort === undefined ? {} : { superserverPort }),
      ...(webPort === undefined ? {} : { webPort }),
    }),
  );
}
