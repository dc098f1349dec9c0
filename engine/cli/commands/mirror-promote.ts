import type { Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import { command, showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { promotionText } from '../mirror-text.ts';
import { agreed } from './agreed.ts';

interface PromoteFlags extends JsonOption {
  readonly mirror?: string;
  readonly partner?: string;
  readonly nofailover?: boolean;
  readonly yes?: boolean;
  readonly vipInterface?: string;
  readonly dryRun?: boolean;
}

export function addPromotion(mirror: Command, context: Context): void {
  command(
    mirror,
    'promote <instance>',
    'make a disaster recovery async a failover member: backup of the operating primary, or primary where none operates',
  )
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .option(
      '--partner <member>',
      'where no primary operates and not every agent answers: the failover member whose journal it needs, or none',
    )
    .option('--nofailover', 'with --partner none: collect journal, and become primary only on clear-nofailover')
    .option('--vip-interface <interface>', 'of this host, for the mirror’s virtual address, where several are in its network')
    .option('--dry-run', 'ask everybody and do nothing: what it would come to')
    .option('--yes', 'do it even if journal data may be lost, or the virtual address would not lead to this host')
    .action(async (instance: string, { json, partner, yes = false, ...params }: PromoteFlags) => {
      const wish = { ...params, ...(partner === undefined ? {} : { partner: partner.toLowerCase() === 'none' ? null : partner }) };
      let [confirmed, withoutVip] = [yes, yes];
      for (;;) {
        try {
          const call = { ...wish, confirmed, withoutVip };
          return showDone(
            context,
            { json: json === true },
            await withInstance(context, instance, (client) => client.call('mirror.promote', call)),
          );
        } catch (error) {
          if (!(error instanceof GemelError) || error.condition === null || json === true) throw error;
          const { code, facts } = error.condition;
          if (code === 'PARTNER_NEEDED') context.terminal.out(promotionText(facts));
          const isAsked = code === 'PROMOTION_NOT_CONFIRMED' ? !confirmed : code === 'VIP_NOT_ON_SUBNET' && !withoutVip;
          if (!isAsked || !(await agreed(context, [`${error.what} Do you want to continue?`]))) throw error;
          if (code === 'VIP_NOT_ON_SUBNET') withoutVip = true;
          else confirmed = true;
        }
      }
    });
}
