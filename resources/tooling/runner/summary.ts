import type { PartResult } from './parts.ts';

/** One line when a part is done, followed by what failed and by its output, if that was not shown already. */
export function partLine(result: PartResult): string {
  const { report } = result;
  const state = report.failed.length > 0 ? 'FAILED' : report.passed === 0 && report.skipped.length > 0 ? 'skipped' : 'ok';
  const line = `${state.padEnd(8)}${result.name.padEnd(34)}${result.seconds.toFixed(1).padStart(7)} s`;
  const failed = report.failed.map((name) => `\n    failed: ${name}`).join('');
  return result.output === '' ? line + failed : `${line}${failed}\n${indent(result.output.trimEnd())}\n`;
}

/**
 * What a reader wants at the end: each part, what was skipped and why, what failed; the last line is the total alone,
 * `123 passed, 0 failed, 4 skipped`.
 */
export function summary(results: readonly PartResult[]): string {
  const lines = ['', `${'Summary'.padEnd(40)}passed  failed skipped   seconds`];
  for (const { name, report, seconds } of results) {
    lines.push(
      `  ${name.padEnd(38)}${cell(report.passed)}${cell(report.failed.length)}${cell(report.skipped.length)}${seconds.toFixed(1).padStart(10)}`,
    );
  }
  lines.push(...section('Skipped', skippedLines(results)));
  lines.push(
    ...section(
      'Failed',
      results.flatMap(({ report }) => report.failed),
    ),
  );
  lines.push('', totalLine(results));
  return lines.join('\n');
}

export function totalLine(results: readonly PartResult[]): string {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { report } of results) {
    total.passed += report.passed;
    total.failed += report.failed.length;
    total.skipped += report.skipped.length;
  }
  return `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`;
}

/** One line a reason: twenty tests that all miss Chromium are one fact. */
function skippedLines(results: readonly PartResult[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, report } of results) {
    for (const test of report.skipped) {
      const key = `${name}: ${test.reason}`;
      byReason.set(key, [...(byReason.get(key) ?? []), test.name]);
    }
  }
  return [...byReason].map(([key, tests]) => (tests.length === 1 ? `${key} (${tests[0]})` : `${key} (${tests.length} tests)`));
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function cell(count: number): string {
  return String(count).padStart(8);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
