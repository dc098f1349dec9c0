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
    .option('--yes', 'do it even if journal data may be lost')
    .action(async (instance: string, { json, partner, yes = false, ...params }: PromoteFlags) => {
      const wish = { ...params, ...(partner === undefined ? {} : { partner: partner.toLowerCase() === 'none' ? null : partner }) };
      const promote = (confirmed: boolean) =>
        withInstance(context, instance, (client) => client.call('mirror.promote', { ...wish, confirmed }));
      try {
        return showDone(context, { json: json === true }, await promote(yes));
      } catch (error) {
        if (!(error instanceof GemelError) || error.condition === null || json === true) throw error;
        const { code, facts } = error.condition;
        if (code === 'PARTNER_NEEDED') context.terminal.out(promotionText(facts));
        if (code !== 'PROMOTION_NOT_CONFIRMED' || !(await agreed(context, [`${error.what} Do you want to continue?`]))) throw error;
      }
      showDone(context, { json: false }, await promote(true));
    });
}
