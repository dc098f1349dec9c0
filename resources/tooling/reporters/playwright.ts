import type { Reporter, Suite, TestCase } from '@playwright/test/reporter';
import { emptyReport, SKIP_REASON, writeReport } from '../runner/report.ts';

/** Beside Playwright's own output: the counts, and why something was skipped. */
export default class implements Reporter {
  #suite: Suite | null = null;
  readonly #errors: string[] = [];

  onBegin(_config: unknown, suite: Suite): void {
    this.#suite = suite;
  }

  onError(error: { message?: string }): void {
    this.#errors.push(`outside of a test: ${error.message ?? 'unknown error'}`);
  }

  onEnd(): void {
    const report = emptyReport();
    report.failed.push(...this.#errors);
    const allSkippedFor = process.env[SKIP_REASON];
    for (const test of this.#suite?.allTests() ?? []) {
      const name = test.titlePath().filter(Boolean).join(' > ');
      if (allSkippedFor !== undefined) report.skipped.push({ name, reason: allSkippedFor });
      else if (test.outcome() === 'skipped') report.skipped.push({ name, reason: skipReason(test) });
      else if (test.outcome() === 'unexpected') report.failed.push(name);
      else report.passed++;
    }
    writeReport(report);
  }
}

function skipReason(test: TestCase): string {
  const annotations = [...test.annotations, ...test.results.flatMap((result) => result.annotations)];
  const skipped = annotations.find((annotation) => annotation.type === 'skip' || annotation.type === 'fixme');
  if (skipped?.description !== undefined) return skipped.description;
  return skipped === undefined ? 'an earlier test failed, so it did not run' : 'no reason given';
}
