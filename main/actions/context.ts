import { GemelError } from '../../engine/api/errors.ts';
import type { Action, Plan, PlannedStep } from '../contract/index.ts';
import type { Host, Hosts, InstanceFacts } from '../hosts/index.ts';
import type { JobDefinition, JobStepDefinition, StepContext } from '../jobs/index.ts';
import type { Store } from '../store/index.ts';
import { mirrorsOf } from '../view/index.ts';
import type { MirrorFacts } from '../view/index.ts';

/** What actions work on. */
export interface ActionContext {
  readonly hosts: Hosts;
  readonly store: Store;
  /** The console's host root. */
  readonly home: string;
}

/** An action worked out against the live state: what the page is shown, and what would run. */
export interface Prepared {
  readonly plan: Plan;
  readonly job: JobDefinition;
}

export type Of<N extends Action['action']> = Extract<Action, { action: N }>;

/** A check of a plan, with what would make it pass. */
export type Check = Plan['checks'][number] & { readonly todo: string };

/** @param reason why it fails, or is not known */
export function check(text: string, ok: boolean | null, reason: string, todo: string): Check {
  return { text, ok, reason: ok === true ? '' : reason, todo };
}

export function agentCheck(host: Host): Check {
  const { connection, known } = host.facts();
  return check(`The agent of ${known.label} answers`, connection.state === 'live', 'It does not answer.', 'Start the agent first.');
}

export interface Draft {
  readonly title: string;
  readonly subject: string;
  readonly consequences: readonly string[];
  /** What fails refuses the action. */
  readonly checks?: readonly Check[];
  readonly steps: readonly JobStepDefinition[];
  readonly refusals?: Plan['refusals'];
  /** True when service or data is at risk: the page then asks to type the subject. */
  readonly danger?: boolean;
  readonly holds: readonly string[];
  readonly result: string;
}

export function prepared(action: Action, draft: Draft): Prepared {
  const { title, subject, steps, holds, result, danger = false, refusals = [], checks = [] } = draft;
  const planned: PlannedStep[] = steps.map(({ text, command }) => ({ text, command }));
  return {
    plan: {
      action,
      title,
      subject,
      consequences: [...draft.consequences],
      checks: checks.map(({ text, ok, reason }) => ({ text, ok, reason })),
      steps: planned,
      refusals: [
        ...refusals,
        ...checks.filter(({ ok }) => ok === false).map(({ text, reason, todo }) => ({ reason: `${text}: no. ${reason}`, todo })),
      ],
      danger,
      confirmWord: danger ? subject : null,
    },
    job: { action, title, subject, holds, steps, result },
  };
}

/** @throws GemelError NOT_FOUND */
export function findInstance(context: ActionContext, id: string): { host: Host; facts: InstanceFacts } {
  const facts = context.hosts
    .world()
    .hosts.flatMap((h) => h.instances)
    .find((i) => i.id === id);
  if (!facts)
    throw new GemelError(
      'NOT_FOUND',
      `This console knows no instance “${id}”.`,
      'Nothing was changed.',
      'Choose one of the instances it lists.',
    );
  return { host: context.hosts.get(facts.host), facts };
}

/** @throws GemelError NOT_FOUND */
export function findMirror(context: ActionContext, name: string): MirrorFacts {
  const mirror = mirrorsOf(context.hosts.world()).find((m) => m.name === name);
  if (!mirror)
    throw new GemelError(
      'NOT_FOUND',
      `This console knows no mirror “${name}”.`,
      'Nothing was changed.',
      'Choose one of the mirrors it lists.',
    );
  return mirror;
}

/** What jobs about an instance hold: the instance, and the mirrors it is a member of. */
export function holdsOf(facts: InstanceFacts): string[] {
  return [`instance ${facts.id}`, ...facts.status.mirrors.map((m) => `mirror ${m.mirror}`)];
}

/** A step that waits for the world to be as wanted, telling in its log what the mirror's members become meanwhile. */
export function waitStep(
  context: ActionContext,
  options: { text: string; mirror: string | null; timeoutMs: number; wanted(mirror: MirrorFacts | undefined): boolean },
): JobStepDefinition {
  const { text, mirror, timeoutMs, wanted } = options;
  const run = async (step: StepContext): Promise<void> => {
    let told = '';
    await context.hosts.until(
      (world) => {
        const facts = mirrorsOf(world).find((m) => m.name === mirror);
        const now = facts ? describe(facts) : '';
        if (now !== '' && now !== told) step.log(now);
        told = now;
        return wanted(facts);
      },
      { what: text, timeoutMs, signal: step.signal },
    );
  };
  return { text, command: null, cancellable: true, run };
}

function describe(facts: MirrorFacts): string {
  const members = facts.source?.instance.connection.state === 'live' ? facts.source.mirror.members : [];
  return members
    .map((m) => (m.status === 'Backup' ? `${m.name}: Backup, journal transfer ${m.journalTransfer}` : `${m.name}: ${m.status}`))
    .join('; ');
}
