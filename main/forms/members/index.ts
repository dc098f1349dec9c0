import { changeType, dejournaling, filter } from './asyncs.ts';
import { addresses, editMirror, leaveMirror, superserverPort } from './editing.ts';
import { promote } from './promote.ts';
import { resumePrimary } from './resume.ts';

export { configurationOf } from './editing.ts';

/** The wizards of members. */
export const memberForms = {
  promote,
  resumePrimary,
  dejournaling,
  filter,
  changeType,
  editMirror,
  addresses,
  superserverPort,
  leaveMirror,
};
