import type { ActionContext, MemberAt } from '../../actions/index.ts';
import { memberAt } from '../../actions/index.ts';
import type { About, Option } from '../../contract/index.ts';
import type { FormBuilder } from '../builder.ts';
import { instances, instanceText } from '../choices.ts';

interface Wanted {
  readonly label: string;
  /** Which members are in the list at all. */
  readonly among: (member: MemberAt) => boolean;
  /** Why one of them cannot be chosen; null: it can. */
  readonly refused?: (member: MemberAt) => string | null;
  readonly none: string;
}

/**
 * Asks for a member of some mirror whose instance this console knows; one that the wizard was opened for is a fact.
 * @returns null: there is none
 */
export function chooseMember(form: FormBuilder, about: About, context: ActionContext, wanted: Wanted): MemberAt | null {
  const all = instances(context)
    .flatMap(({ id, status }) => status.mirrors.map(({ mirror }) => memberAt(context, mirror, id)))
    .filter((at) => about.mirror === undefined || at.mirror.name === about.mirror)
    .filter(wanted.among);
  const meant = all.find((at) => at.facts.id === about.instance);
  if (meant !== undefined) {
    form.fact('member', `${meant.name}, ${meant.type}, ${meant.status}`, { label: wanted.label });
    return meant;
  }
  const keyOf = ({ mirror, facts }: MemberAt): string => `${mirror.name} ${facts.id}`;
  const chosen = form.choice('member', {
    label: wanted.label,
    options: all.map((at): Option => ({
      value: keyOf(at),
      text: `${at.name} of ${at.mirror.name} (${at.type}, ${at.status}): ${instanceText(at.facts, context)}`,
      refused: at.facts.connection.state === 'live' ? (wanted.refused?.(at) ?? null) : 'It does not answer.',
    })),
    none: wanted.none,
  });
  return all.find((at) => keyOf(at) === chosen) ?? null;
}
