import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { emptyReport, writeReport } from '../runner/report.ts';

/** Beside vitest's own output: the counts, and why something was skipped. */
export default class implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const report = emptyReport();
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0)
        report.failed.push(`${module.relativeModuleId}: does not load`);
      for (const test of module.children.allTests()) {
        const name = `${module.relativeModuleId}: ${test.fullName}`;
        const result = test.result();
        if (result.state === 'passed') report.passed++;
        else if (result.state === 'skipped') report.skipped.push({ name, reason: result.note ?? 'no reason given' });
        else report.failed.push(name);
      }
    }
    for (const error of errors) report.failed.push(`outside of a test: ${error.message}`);
    writeReport(report);
  }
}
