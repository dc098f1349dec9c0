import fs from 'node:fs';
import type { Command } from 'commander';
import type { LostBytes, LostPage, LostReport } from '../../api/lost.ts';
import { command, show, showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { eachPage } from '../lost/pages.ts';
import { fields, table } from '../output.ts';
import { addReplayCommand } from './mirror-lost-replay.ts';

interface LostFlags extends JsonOption {
  readonly mirror?: string;
}
interface ExportFlags extends LostFlags {
  readonly to?: string;
}

/** `mirror lost ...`: updates that only this member had when its mirror went on without them. */
export function addLostCommands(mirror: Command, context: Context): void {
  const group = mirror.command('lost').description('updates that only this member had when its mirror went on without them');
  of(command(group, 'list <instance>', 'the reports there are')).action(async (instance: string, { json, ...flags }: LostFlags) => {
    const reports = await withInstance(context, instance, (client) => client.call('mirror.lostReports', flags));
    show(context, { json: json === true }, reports, listText);
  });

  of(
    command(
      group,
      'show <instance> [report]',
      'each lost update, and what its node is on the primary now; without a report: of the newest',
    ),
  ).action(async (instance: string, report: string | undefined, { json, ...flags }: LostFlags) => {
    const asText = (page: LostPage, isFirst: boolean): string => (isFirst ? headText(page.report) : '') + rowsText(page);
    await withInstance(context, instance, (client) =>
      eachPage(client, flags, report, (page, isFirst) =>
        context.terminal.out(json === true ? jsonLines(page, isFirst) : asText(page, isFirst)),
      ),
    );
  });

  of(command(group, 'export <instance> [report]', 'the same as JSON lines: the report, then each update'))
    .option('--to <file>', 'write them to a new file (default: standard output)')
    .action(async (instance: string, report: string | undefined, { json, to, ...flags }: ExportFlags) => {
      if (to === undefined)
        return withInstance(context, instance, (client) =>
          eachPage(client, flags, report, (page, isFirst) => context.terminal.out(jsonLines(page, isFirst))),
        );
      // Never over something that is there.
      const file = fs.openSync(to, 'wx');
      try {
        let updates = 0;
        await withInstance(context, instance, (client) =>
          eachPage(client, flags, report, (page, isFirst) => {
            fs.writeSync(file, jsonLines(page, isFirst));
            updates += page.updates.length;
          }),
        );
        fs.fsyncSync(file);
        showDone(context, { json: json === true }, { message: `${updates} updates were written to ${to}.` });
      } finally {
        fs.closeSync(file);
      }
    });
  addReplayCommand(group, context);
}

function of(made: Command): Command {
  return made.option('--mirror <mirror>', 'the mirror, when the instance is in several');
}

function jsonLines({ report, updates }: LostPage, isFirst: boolean): string {
  return [...(isFirst ? [report] : []), ...updates].map((line) => `${JSON.stringify(line)}\n`).join('');
}

function listText(reports: readonly LostReport[]): string {
  return table(
    ['Report', 'Updates', 'Committed', 'Rolled back', 'Open', 'Single', 'Databases'],
    reports.map((r) => [r.report, r.updates, r.committed, r.rolledBack, r.open, r.single, r.rewound ? 'rewound' : 'had none of it']),
    'No updates were lost on this member.',
  );
}

function headText(report: LostReport): string {
  const { fork, end } = report;
  return `${fields([
    ['Report', report.report],
    ['File', report.path],
    ['Histories part at', `${fork.file}:${fork.offset}`],
    ['This member had up to', `${end.file}:${end.offset}`],
    ['Updates', report.updates],
    ['Transactions', `${report.committed} committed, ${report.rolledBack} rolled back, ${report.open} open`],
    ...(report.incomplete === null ? [] : [['Not whole', report.incomplete] as const]),
  ])}\n`;
}

const columns = ['', 'Of', 'Time', 'How it ended', 'Node', 'Was', 'Became', 'On the primary now'];

function rowsText({ updates }: LostPage): string {
  return table(
    columns,
    updates.map((u) => [u.n, u.id, u.time, u.outcome, `${u.database} ${text(u.reference)}`, text(u.old), text(u.new), u.state]),
  );
}

const widest = 40;

/** Shortened to what fits on a line. */
function text(value: LostBytes | null): string {
  if (value === null) return '(none)';
  const shown = typeof value === 'string' ? value.replaceAll(/[\p{Cc}]/gu, '\u00b7') : `base64 ${value.base64}`;
  return shown.length > widest ? `${shown.slice(0, widest - 3)}...` : shown;
}
