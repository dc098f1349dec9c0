export { Jobs, jobHandlers, type JobDefinition, type JobContext } from './jobs.ts';
