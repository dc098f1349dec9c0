export { matrixOf } from './databases.ts';
export { monitorOf, overviewOf } from './overview.ts';
export type { MirrorSettingsOf } from './overview.ts';
export { instanceOf, knownStatus, livePrimaries, mirrorsOf, ownPicture, statusOfSelf } from './group.ts';
export type { MirrorFacts } from './group.ts';
