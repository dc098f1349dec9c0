import { readFileSync, writeFileSync } from 'node:fs';

/** What a part of the checks came to. `skipped` has the reason of each. */
export interface Report {
  passed: number;
  failed: string[];
  skipped: { name: string; reason: string }[];
}

/** The environment variable that tells a reporter where to write its report. */
export const REPORT_FILE = 'GEMEL_TEST_REPORT';
/** The environment variable that makes the Playwright reporter count every listed test as skipped, with this reason. */
export const SKIP_REASON = 'GEMEL_TEST_SKIP_REASON';

export function emptyReport(): Report {
  return { passed: 0, failed: [], skipped: [] };
}

/** For reporters: writes the report to where the runner asked for it; without a runner there is nothing to do. */
export function writeReport(report: Report): void {
  const path = process.env[REPORT_FILE];
  if (path !== undefined) writeFileSync(path, JSON.stringify(report));
}

/** The report that a suite wrote, or null when it ended before it could. */
export function readReport(path: string): Report | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
