export { prepare } from './prepare.ts';
export { findInstance } from './context.ts';
export type { ActionContext } from './context.ts';
export {
  asyncTypes,
  configurationAt,
  foreseePromotion,
  memberAt,
  primaryAt,
  resumeQuestion,
  type MemberAt,
  type PromotionWish,
} from './members/index.ts';
export { isPrimaryOf, localTime, onPrimary, reachable as reachableMembers, size as sizeText, whatBecomes } from './databases/index.ts';
export { purgeable } from './journals.ts';
export { databasesOf, journalListOf } from './lists.ts';
