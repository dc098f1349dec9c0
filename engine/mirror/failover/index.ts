export { emptyArbiter, stepArbiter, type ArbiterInput, type ArbiterState } from './arbiter.ts';
export { compareEpochs, compareJournals, epochText, newerEpoch } from './epochs.ts';
export { step } from './member.ts';
export { situationOf, whatIf } from './predict.ts';
export { initialState, newDurable, type MemberState } from './state.ts';
export type * from './types.ts';
