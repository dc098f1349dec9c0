import { conditionOf } from '../../engine/api/conditions.ts';
import type { ConditionCode } from '../../engine/api/conditions.ts';
import type { LogLine } from '../../engine/api/messages.ts';
import type { Explanation, TimelineEntry } from '../contract/index.ts';

/** Where somebody settled who is primary, or gave or refused the right to it. */
const DECISIONS: ReadonlySet<string> = new Set<ConditionCode>([
  'PRIMARY',
  'PRIMARY_IN_TROUBLE',
  'PRIMARY_RESUMES',
  'BACKUP_TAKES_OVER',
  'SUPERSEDED',
  'GRANTED',
  'GRANT_GIVEN',
  'VERDICT',
  'TAKE_OVER_REQUESTED',
  'PROMISED',
  'FORCE_BEGUN',
  'FORCED',
  'FORCED_DOWN',
  'VETOED',
  'RIGHT_GIVEN_BACK',
  'BECOME_PRIMARY_FAILED',
  'CANNOT_TAKE_OVER',
  'HOOK_SAID_NO',
]);

/** What a member notices first when a primary goes away, or is taken away. */
const FIRST_SIGNS: ReadonlySet<string> = new Set<ConditionCode>([
  'PRIMARY_LOST',
  'PRIMARY_IN_TROUBLE',
  'TAKE_OVER_REQUESTED',
  'FORCE_BEGUN',
  'FORCING_DOWN',
]);

/** By the fact `right` of PRIMARY. */
const RIGHTS: Readonly<Record<string, string>> = {
  'only-member': 'It was the only failover member that could be.',
  verdict: 'The arbiter let it take over: it had lost the former primary too, which could no longer act as one.',
  grant: 'The agent of the former primary’s host stated that it was down, and promised that it would not be primary before this one.',
  promise: 'The other failover member promised not to become primary itself.',
  request: 'The former primary asked it to take over, after it had stopped and handed on everything that it had acknowledged.',
  force: 'An operator forced it to become primary: what the former primary had and it had not is not in the mirror any more.',
  promotion: 'An operator promoted it without a partner: what no member that could be reached had is not in the mirror any more.',
  resume: 'An operator gave his word that the backup never took over: it went on by itself.',
};
const LOSSLESS: readonly string[] = ['only-member', 'verdict', 'grant', 'promise', 'request'];

/** Lines of one log. */
export interface SourceLines {
  readonly name: string;
  /** An agent or arbiter serves several mirrors: what is said of another one is left out. */
  readonly mirrors: readonly string[];
  readonly lines: readonly LogLine[];
}

/** The newest moment at which a member became primary; undefined: no log tells of one. */
export function lastPrimary(
  sources: readonly SourceLines[],
): { readonly at: number; readonly member: string; readonly right: string } | undefined {
  const found = sources.flatMap(({ name, lines }) =>
    lines.flatMap(({ at, code, facts }) => (code === 'PRIMARY' ? [{ at, member: name, right: facts['right'] ?? '' }] : [])),
  );
  return found.toSorted((a, b) => b.at - a.at)[0];
}

/** All lines as one timeline; those of one log stay in its order where times are equal. */
export function timeline(mirror: string, sources: readonly SourceLines[]): TimelineEntry[] {
  return sources
    .flatMap(({ name, mirrors, lines }) =>
      lines
        .filter(({ text }) => !mirrors.some((other) => other !== mirror && names(text, other)))
        .map(({ at, severity, code, text, facts }) => ({
          at,
          source: name,
          severity,
          code,
          title: code === null ? null : (conditionOf(code)?.title ?? null),
          text,
          facts,
          decision: code !== null && DECISIONS.has(code),
        })),
    )
    .toSorted((a, b) => a.at - b.at);
}

/** Whether a line speaks of the mirror of that name. */
function names(text: string, mirror: string): boolean {
  return new RegExp(`\\bmirror ${mirror}\\b`, 'i').test(text);
}

/** From the first sign of trouble to the moment the mirror was open again; null where no log tells of a sign. */
export function outage(entries: readonly TimelineEntry[], openAt: number): { readonly ms: number; readonly sign: TimelineEntry } | null {
  const sign = entries.find(({ at, code }) => code !== null && FIRST_SIGNS.has(code) && at <= openAt);
  return sign === undefined ? null : { ms: openAt - sign.at, sign };
}

/** What happened, in sentences. */
export function summary(
  taken: { readonly member: string; readonly right: string },
  before: string | null,
  entries: readonly TimelineEntry[],
  found: ReturnType<typeof outage>,
): Explanation['summary'] {
  const former = before === null || before === taken.member ? '' : ` in place of ${before}`;
  const fetched = entries.find(({ code, source }) => code === 'JOURNAL_FETCHED' && source === taken.member);
  return [
    `${taken.member} became primary${former}.`,
    RIGHTS[taken.right] ?? 'Its log does not say by what right.',
    ...(found === null ? [] : [`It began when ${found.sign.source} noted: ${found.sign.text}`]),
    ...(fetched === undefined ? [] : [`Journal that it lacked was fetched first: ${fetched.text}`]),
    ...(LOSSLESS.includes(taken.right) ? ['No acknowledged update was lost.'] : []),
  ];
}
