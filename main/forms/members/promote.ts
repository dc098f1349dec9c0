import type { Facts } from '../../../engine/api/conditions.ts';
import { foreseePromotion, type ActionContext, type MemberAt, type PromotionWish } from '../../actions/index.ts';
import type { About, Form, FormValues } from '../../contract/index.ts';
import { FormBuilder } from '../builder.ts';
import { chooseMember } from './choose.ts';

const NONE = '*none';

/** Asks for what the engine asks for, in the order in which it asks: it is asked itself, after each answer, and nothing is done. */
export async function promote(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('promote', values);
  form.group('Member');
  const at = chooseMember(form, about, context, {
    label: 'Disaster recovery async',
    among: ({ type }) => type === 'Disaster Recovery',
    none: 'No disaster recovery async answers. Only such a member can be promoted.',
  });
  const wish = at === null ? {} : await askWish(form, at);
  return form.end(
    {
      title: 'Promote to failover member',
      intro:
        'With an operating primary the member becomes its backup, in place of the present one. With none it becomes primary: for when the failover members are lost.',
    },
    () => ({ action: 'promote', mirror: at?.mirror.name ?? '', instance: at?.facts.id ?? '', ...wish }),
  );
}

type Asking = (form: FormBuilder, what: string, facts: Facts) => PromotionWish;

const askings: Readonly<Record<string, Asking>> = {
  PARTNER_NEEDED: askPartner,
  PROMOTION_NOT_CONFIRMED: (form, what) => {
    const confirmed = form.flag('confirmed', {
      label: 'Go on, although journal data may be lost',
      help: what,
      wrong: (given) => (given ? null : 'Confirm it, or choose another partner.'),
    });
    return { confirmed };
  },
  VIP_INTERFACE_NEEDED: (form, what, facts) => {
    const interfaces = String(facts['interfaces'] ?? '').split(', ');
    const vipInterface = form.choice('vipInterface', {
      label: 'Network interface for the virtual address',
      help: what,
      options: interfaces.map((value) => ({ value, text: value })),
    });
    return { vipInterface };
  },
  VIP_NOT_ON_SUBNET: (form, what) => {
    const withoutVip = form.flag('withoutVip', {
      label: 'Go on without the virtual address',
      help: `${what} Once this member is primary, you lead clients to it in another way, such as by its name in DNS.`,
      wrong: (given) => (given ? null : 'Confirm it, or give the host an interface in that network first.'),
    });
    return { withoutVip };
  },
};

function askPartner(form: FormBuilder, what: string, facts: Facts): PromotionWish {
  const last = String(facts['lastPrimary'] ?? '');
  form.note('attention', what);
  const partner = form.choice('partner', {
    label: 'Failover partner',
    style: 'radio',
    initial: last,
    options: [
      ...String(facts['members'] ?? '')
        .split(', ')
        .filter((name) => name !== '')
        .map((name) => ({
          value: name,
          text: name === last ? `${name}, primary last as far as is known here` : name,
          hint:
            name === last
              ? 'Nothing is lost: this member waits for its agent and becomes primary only with its journal.'
              : 'This member waits for its agent; what only the last primary has may be lost.',
        })),
      {
        value: NONE,
        text: 'None',
        hint: 'This member becomes primary with its own journal and what other members have. What only the last primary has is lost.',
      },
    ],
  });
  if (partner !== NONE) return { partner };
  const nofailover = form.flag('nofailover', {
    label: 'Prepare only, and wait',
    help: 'It collects journal from members that come, and becomes primary when no failover is cleared on it.',
  });
  return { partner: null, nofailover };
}

/** What has been asked for and answered so far, until the engine has no more to ask. */
async function askWish(form: FormBuilder, at: MemberAt): Promise<PromotionWish> {
  let wish: PromotionWish = {};
  const asked = new Set<string>();
  form.group('How');
  for (;;) {
    const found = await foreseePromotion(at, wish);
    if (!('refused' in found)) {
      form.fact('foreseen', found.message, { label: 'What it comes to' });
      for (const name of found.setValidatedMember)
        form.note('attention', `The agent of ${name} cannot be told: before ${name} is started, ValidatedMember=0 has to be set by hand.`);
      return wish;
    }
    const { condition, what, todo } = found.refused;
    const asking = condition === null || asked.has(condition.code) ? undefined : askings[condition.code];
    if (condition === null || asking === undefined) {
      // What is asked for stands beside its field; what is refused for good is said here, and in the plan.
      if (condition === null || !asked.has(condition.code)) form.note('bad', `${what} ${todo}`.trim());
      return wish;
    }
    asked.add(condition.code);
    wish = { ...wish, ...asking(form, what, condition.facts) };
  }
}
