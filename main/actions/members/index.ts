import { changeType, setDejournaling, setFilter } from './asyncs.ts';
import { editAddresses, editMirror, setSuperserverPort } from './editing.ts';
import { leaveMirror, removeMember } from './leaving.ts';
import { rebuild, startMirroring, stopMirroring } from './mirroring.ts';
import { forcePrimary, resumePrimary, tryPrimary } from './primary.ts';
import { demote, promote } from './promotion.ts';

export { foreseePromotion, type PromotionWish } from './promotion.ts';
export { resumeQuestion } from './primary.ts';
export { asyncTypes } from './asyncs.ts';
export { configurationAt, memberAt, primaryAt, type MemberAt } from './standing.ts';

/** What becomes of members, each worked out against the live state. */
export const memberPreparers = {
  promote,
  demote,
  tryPrimary,
  forcePrimary,
  resumePrimary,
  stopMirroring,
  startMirroring,
  rebuild,
  setDejournaling,
  setFilter,
  changeType,
  editMirror,
  editAddresses,
  setSuperserverPort,
  removeMember,
  leaveMirror,
};
