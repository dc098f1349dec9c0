import { expectedOutcome, RULES } from './expected.ts';
import { combinations, linkRows, permutations } from './rows.ts';
import { SCENARIOS } from './scenarios.ts';
import { BEFORES, type Before, type Failure, type Outcome, type Story } from './words.ts';

/** The whole statement as text for administrators; `outages.md` is this, checked in. */

const HEADER = `# What a mirror does when something fails

P is the primary, B the backup and Arb the arbiter *before* the outage. P-agent(B) is the link over which P asks the agent on B's host, B-agent(P) the other one. Q is the QoS timeout.
Every row is stated from the documents' words by \`expected.ts\` and played in virtual time against the real decisions: \`links.test.ts\`, \`links.long.test.ts\`, \`outages.test.ts\`. This file is generated; a test compares it.

"At once" means: within one QoS timeout, before any of it is noticed. A link counts as lost when it is lost in either direction. The order does not matter then. Where losses follow each other slowly enough
that some are noticed before others, they count as one event or as several, and the outcome is that of the sequence.

A link lost one way only still carries words the other way. Two outcomes follow from that besides those stated for the same links: where all lose each other and only the answers of the agent on P's host are
lost, its question has carried the give-up ("give-up at the agent"); where P is isolated but B still hears it, see "primary isolated but heard leaving".

Pause: for how long at most nothing new becomes durable, in units of Q; a dash: until something is repaired or a person acts. "No primary" never means that data is lost.
`;

export function table(): string {
  return [HEADER, rulesText(), scenariosText(), ...BEFORES.map(linksText), sequencesText(), ...BEFORES.map(failuresText)].join('\n');
}

function mode(before: Before): string {
  return before.arbiter === 'connected' && before.backup === 'active' ? 'arbiter controlled mode' : 'agent controlled mode';
}

function named(before: Before): string {
  return `${mode(before)}, arbiter ${before.arbiter}, backup ${before.backup}`;
}

function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((h, n) => Math.max(h.length, ...rows.map((r) => r[n]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((c, n) => c.padEnd(widths[n] ?? 0)).join(' | ')} |`;
  return `${[line(head), line(widths.map((w) => '-'.repeat(w))), ...rows.map(line)].join('\n')}\n`;
}

const OUTCOME = ['Primary', 'P is', 'B is', 'Pause', 'Rule'];

function cells(o: Outcome): string[] {
  return [o.primary === 'none' ? 'nobody' : o.primary, o.p, o.b, o.pauseQ === null ? '-' : `${o.pauseQ} Q`, o.rule];
}

function lostText(lost: readonly Failure[]): string {
  return lost.length === 0 ? 'nothing' : lost.join(' + ');
}

function storyText(story: Story): string {
  return story.map(lostText).join(', then ');
}

function rulesText(): string {
  return `## Rules\n\n${grid(['Rule', 'In words'], Object.entries(RULES))}`;
}

function scenariosText(): string {
  const rows = SCENARIOS.map((s) => [s.name, storyText(s.story), ...cells(expectedOutcome(s.before, s.story))]);
  return `## Scenarios\n\n${grid(['Scenario', 'What fails', ...OUTCOME], rows)}`;
}

function linksText(before: Before): string {
  const rows = linkRows(before).map((lost) => [lostText(lost), ...cells(expectedOutcome(before, [lost]))]);
  return `## Links lost at once: ${named(before)}\n\n${grid(['Lost', ...OUTCOME], rows)}`;
}

function sequencesText(): string {
  const before: Before = { arbiter: 'connected', backup: 'active' };
  const stories = linkRows(before)
    .filter((lost) => lost.length > 1 && !lost.some((l) => l.includes('agent')))
    .flatMap((lost) => permutations(lost))
    .map((order) => order.map((what) => [what]));
  const rows = stories.map((story) => [storyText(story), ...cells(expectedOutcome(before, story))]);
  return `## Links lost one after the other, each noticed before the next: ${named(before)}\n\n${grid(['Lost', ...OUTCOME], rows)}`;
}

function failuresText(before: Before): string {
  const rows = combinations(before).map((lost) => [lostText(lost), ...cells(expectedOutcome(before, [lost]))]);
  return `## Instances, hosts and arbiter lost at once: ${named(before)}\n\n${grid(['Lost', ...OUTCOME], rows)}`;
}
