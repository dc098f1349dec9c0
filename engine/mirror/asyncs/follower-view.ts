import { isStopped } from '../../api/dejournaling.ts';
import type { MemberLag, MemberView } from '../../api/status.ts';
import { comparePositions, type Position } from '../../journal/index.ts';
import type { Member } from '../membership.ts';
import { addressesOf, at, behind, dejournaling, dejournalMs, downView, isInStep } from '../status-words.ts';
import type { FollowerState } from './followers.ts';
import type { AsyncBeat } from './protocol.ts';

/** An async member as the primary sees it. `now` in ms since the epoch, `durable` where the mirror's journal is durable. */
export function followerView(member: Member, state: FollowerState, durable: Position, now: number): MemberView {
  const base = addressesOf(member);
  if (!state.connected) return downView(member, state.lostAt);
  const { beat, acknowledged } = state;
  const ms = transferMs(acknowledged, durable, beat?.receivedTimeMs ?? null, now);
  const doneMs = beat === null ? null : dejournalMs(beat.dejournaled, beat.received, now);
  return {
    ...base,
    status: state.caughtUp ? 'Connected' : 'Synchronizing',
    position: acknowledged === null ? null : at(acknowledged),
    journalTransfer: transferText(ms),
    journalLatencyMs: ms,
    dejournaling: dejournalText(beat, doneMs),
    dejournalLatencyMs: doneMs,
  };
}

function dejournalText(beat: AsyncBeat | null, ms: number | null): string {
  if (isStopped(beat?.halted ?? null)) return 'Warning! Dejournaling is stopped.';
  return beat?.attention === true ? 'Warning! Some databases need attention.' : dejournaling(ms);
}

/** Milliseconds by which what an async has received is behind what is durable; null: behind, by a time that is not known. */
export function transferMs(received: Position | null, durable: Position, newestMs: number | null, now: number): number | null {
  if (received !== null && comparePositions(received, durable) >= 0) return 0;
  return newestMs === null ? null : Math.max(1, now - newestMs);
}

export function transferText(ms: number | null): string {
  return ms !== null && isInStep(ms) ? 'Caught up' : behind(ms ?? 0);
}

/** The four stages of journal data on its way to an async, as the primary knows them. */
export function followerLag(member: Member, state: FollowerState, written: Position, durable: Position, now: number): MemberLag {
  const stage = (position: Position | null, ms: number | null): MemberLag['sent'] => ({
    position: position === null ? null : at(position),
    behindBytes: position === null || position.file !== written.file ? null : written.offset - position.offset,
    behindMs: position === null ? null : ms,
  });
  const { beat, sent, acknowledged } = state;
  const receivedMs = transferMs(acknowledged, durable, beat?.receivedTimeMs ?? null, now);
  return {
    member: member.name,
    written: stage(written, 0),
    sent: stage(sent, sent !== null && comparePositions(sent, durable) >= 0 ? 0 : receivedMs),
    received: stage(acknowledged, receivedMs),
    dejournaled: stage(beat?.dejournaled?.position ?? null, beat === null ? null : dejournalMs(beat.dejournaled, beat.received, now)),
  };
}
