import type { JournalForecast, JournalList, JournalView, PurgeResult, RecordView } from '../api/journals.ts';
import type { LostBytes } from '../api/lost.ts';
import { bytes, fields, table } from './output.ts';

const widest = 60;

/** Of the size of a line, without what a terminal would not show. */
function text(value: LostBytes): string {
  const shown = typeof value === 'string' ? JSON.stringify(value.replaceAll(/[\p{Cc}]/gu, '·')) : `base64 ${value.base64}`;
  return shown.length > widest ? `${shown.slice(0, widest - 3)}...` : shown;
}

/** A record in a line. */
export function recordText(view: RecordView): string {
  const { file, offset, time, kind, reference, database, old, note, process, transaction, compensation } = view;
  const node = reference === null ? '' : ` ${typeof reference === 'string' ? reference : text(reference)}`;
  const value = view.new === null ? '' : ` = ${text(view.new)}`;
  const was = old === null ? '' : ` (was ${text(old)})`;
  const words = [
    database === null ? '' : `in ${database.name}`,
    transaction === null ? '' : `transaction ${transaction}`,
    process === 0 ? '' : `process ${process}`,
    compensation ? 'by a rollback' : '',
    note ?? '',
  ].filter((word) => word !== '');
  return `${file} ${offset}  ${time}  ${kind}${node}${value}${was}${words.length === 0 ? '' : `  ${words.join(', ')}`}\n`;
}

export function journalListText({ journals, forecast }: JournalList): string {
  return [...journals.map(journalText), ...(forecast === null ? [] : [forecastText(forecast)])].join('\n');
}

function journalText({ mirror, directory, files }: JournalView): string {
  const rows = files.map((file) => [
    file.number,
    file.name,
    file.epoch,
    bytes(file.size),
    short(file.created),
    short(file.firstRecord),
    short(file.lastRecord),
    file.problem === null ? keptText(file) : `PROBLEM: ${file.problem}`,
  ]);
  const title = mirror === null ? 'The local journal' : `The journal of the mirror ${mirror}`;
  return `${title} in ${directory}\n${table(['File', 'Name', 'Epoch', 'Size', 'Created', 'First record', 'Last record', 'Kept because'], rows)}`;
}

function keptText({ purgeable, kept }: JournalView['files'][number]): string {
  if (purgeable === null) return 'the instance is not running: it cannot be said';
  return kept.length === 0 ? 'not needed: goes with the next purge' : kept.map((reason) => reason.text).join('; ');
}

/** Local time to the second. */
function short(time: string | null): string | null {
  if (time === null) return null;
  const at = new Date(time);
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function forecastText(forecast: JournalForecast): string {
  const { freeBytes, bytesPerDay, overHours, purgeableBytes, agingBytes, fullAt, fullAtWithPurge, holding, notKeptFor } = forecast;
  const when = (at: string | null): string => short(at) ?? 'not within ten years';
  return fields([
    ['Free on the disk', bytes(freeBytes)],
    ['Journal a day', `${bytes(bytesPerDay)} (as in the last ${overHours} h)`],
    ['Can be purged now', bytes(purgeableBytes)],
    ['Goes with its age', bytes(agingBytes)],
    ['Disk full, if nothing goes', when(fullAt)],
    ['Disk full, with purging', when(fullAtWithPurge)],
    ['Held back by', holding.length === 0 ? 'nobody' : holding.join('; ')],
    ...(notKeptFor.length === 0 ? [] : [['Nothing is kept for', notKeptFor.join(', ')] as const]),
  ]);
}

export function purgeText({ dryRun, journals }: PurgeResult): string {
  return journals
    .map(({ mirror, purged, kept }) => {
      const lines = [
        ...purged.map(({ name, size }) => `  ${dryRun ? 'would go' : 'purged  '}  ${name} (${bytes(size)})\n`),
        ...kept.map(({ name, reasons }) => `  kept      ${name}: ${reasons.map((reason) => reason.text).join('; ')}\n`),
      ];
      return `${mirror === null ? 'The local journal' : `The journal of the mirror ${mirror}`}\n${lines.join('')}`;
    })
    .join('');
}
