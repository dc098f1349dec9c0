export { emptyArbiter, stepArbiter, type ArbiterEffect, type ArbiterInput, type ArbiterState } from './arbiter.ts';
export { step } from './member.ts';
export { compareEpochs, compareJournals, initialState, sameEpoch, type MemberState, type Role } from './state.ts';
export type * from './types.ts';
