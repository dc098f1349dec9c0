export { JobRunner } from './runner.ts';
export type { JobDefinition, JobStepDefinition, StepContext } from './runner.ts';
export { toProblem } from './problem.ts';
