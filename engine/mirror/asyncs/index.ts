export { AsyncDoor } from './door.ts';
export { AsyncMember } from './async-member.ts';
export { asyncStatus, AsyncStatusView } from './async-status.ts';
