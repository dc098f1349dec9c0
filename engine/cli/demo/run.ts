import type { DemoStep } from './steps.ts';

/** How a step ended. */
export interface StepOutcome {
  readonly title: string;
  readonly ok: boolean;
  /** What was seen, or why it failed. */
  readonly detail: string;
  readonly ms: number;
}

/** Told of the walk as it goes. */
export interface DemoReporter {
  begin(step: DemoStep, number: number, total: number): void;
  end(outcome: StepOutcome): void;
}

/** Runs the steps in order until one fails: those after it rely on it. */
export async function runSteps(steps: readonly DemoStep[], reporter: DemoReporter, signal: AbortSignal): Promise<StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  for (const [index, step] of steps.entries()) {
    reporter.begin(step, index + 1, steps.length);
    const outcome = await runStep(step, signal);
    outcomes.push(outcome);
    reporter.end(outcome);
    if (!outcome.ok) break;
  }
  return outcomes;
}

async function runStep(step: DemoStep, signal: AbortSignal): Promise<StepOutcome> {
  const started = performance.now();
  const outcome = (ok: boolean, detail: string): StepOutcome => ({
    title: step.title,
    ok,
    detail,
    ms: Math.round(performance.now() - started),
  });
  try {
    signal.throwIfAborted();
    return outcome(true, await step.run(signal));
  } catch (error) {
    return outcome(false, error instanceof Error ? error.message : String(error));
  }
}
