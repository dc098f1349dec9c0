import path from 'node:path';
import { realFiles } from '../../../engine/io/files.ts';
import type { InstanceFacts } from '../../hosts/index.ts';
import type { JobStepDefinition } from '../../jobs/index.ts';
import { instanceOf, ownPicture, type MirrorFacts } from '../../view/index.ts';
import { quoted } from '../command-line.ts';
import type { ActionContext } from '../context.ts';
import { engineJobStep } from '../engine-job.ts';
import { tellBackup, tellRestored } from './told.ts';
import { named } from './targets.ts';

const FOLLOWS_MS = 600_000;

export interface Copies {
  readonly facts: MirrorFacts;
  readonly primary: InstanceFacts;
  readonly databases: readonly {
    /** In the mirror. */
    readonly database: string;
    /** On the primary. */
    readonly name: string;
  }[];
  readonly members: readonly { readonly name: string; readonly instance: InstanceFacts }[];
}

/**
 * Steps that give other members their copies of databases of the mirror: one backup of the primary's, restored on each. This is the place
 * where the members' making of their copies by themselves (`db.seed`) comes in: it needs no file that both hosts reach.
 */
export function copySteps({ facts, primary, databases, members }: Copies, context: ActionContext): JobStepDefinition[] {
  if (members.length === 0) return [];
  const from = context.hosts.get(primary.host);
  // All hosts are host roots of this computer: what one writes the others can read.
  const directory = path.join(context.home, 'console', 'copies');
  const file = path.join(directory, `${facts.name}-${context.hosts.world().at}.gbk`);
  const names = databases.map(({ name }) => name);
  const remove = async (): Promise<void> => realFiles.remove(file);
  const backup = engineJobStep({
    host: from,
    instance: primary.name,
    text: `Copy ${named(names)} of ${primary.name} into a file while they are updated`,
    command: from.command(`db backup ${primary.name} ${names.map(quoted).join(' ')} --to ${quoted(file)}`),
    begin: () => {
      realFiles.makeDirectory(directory);
      return from.callInstance(primary.name, 'db.backup', { databases: [...names], file });
    },
    tell: tellBackup,
    undo: { text: `Remove ${file}`, run: remove },
  });
  const restores = members.map(({ name, instance }) => {
    const host = context.hosts.get(instance.host);
    return engineJobStep({
      host,
      instance: instance.name,
      text: `Restore it on ${name}`,
      command: host.command(`db restore ${instance.name} --from ${quoted(file)}`),
      begin: () => host.callInstance(instance.name, 'db.restore', { file }),
      tell: tellRestored,
    });
  });
  const wanted = databases.map(({ database }) => database);
  const follow = members.map(({ name, instance }) => followStep(facts.name, name, instance, wanted, context));
  return [backup, ...restores, { text: 'Remove the file', command: null, run: remove }, ...follow];
}

/** Waits until a member's copies follow the mirror. */
export function followStep(
  mirror: string,
  member: string,
  { id }: InstanceFacts,
  wanted: readonly string[],
  context: ActionContext,
): JobStepDefinition {
  const text = `Wait until ${member} follows with ${named(wanted)}`;
  const run: JobStepDefinition['run'] = async ({ signal, log }) => {
    let told = '';
    await context.hosts.until(
      () => {
        const copies = copiesOn(id, mirror, context).filter(({ name }) => wanted.includes(name));
        const now = copies.map(({ name, status }) => `${name}: ${status}`).join('; ');
        if (now !== '' && now !== told) log(now);
        told = now;
        return copies.length === wanted.length && copies.every(({ status }) => status === 'Normal' || status === 'Dejournaling');
      },
      { what: text, timeoutMs: FOLLOWS_MS, signal },
    );
  };
  return { text, command: null, cancellable: true, run };
}

function copiesOn(id: string, mirror: string, context: ActionContext) {
  const instance = context.hosts
    .world()
    .hosts.flatMap((host) => host.instances)
    .find((each) => each.id === id);
  return (instance && ownPicture(instance, mirror, true))?.databases ?? [];
}

/** Instances of members that this console reaches and that run now, by the members' names. */
export function reachable(facts: MirrorFacts): { name: string; instance: InstanceFacts }[] {
  return (facts.source?.mirror.members ?? []).flatMap((member) => {
    const instance = instanceOf(member, facts);
    return instance?.connection.state === 'live' ? [{ name: member.name, instance }] : [];
  });
}
