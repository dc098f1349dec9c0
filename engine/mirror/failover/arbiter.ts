import { copyPlain } from './copy.ts';
import { compareEpochs } from './epochs.ts';
import type { Epoch, FromArbiter, Generation, Guid, Ms, ToArbiter, Verdict } from './types.ts';

/** The arbiter's decisions for one mirror: pure. It keeps nothing on disk; restarted, it knows no generation. */
export interface ArbiterState {
  /** Connected failover members and their processes. */
  readonly members: Readonly<Record<Guid, { boot: string }>>;
  readonly current: {
    readonly gen: Generation;
    readonly verdict: Verdict | null;
    /** asked the backup to give up: only primary-continues from here on */ readonly onlyPrimary: boolean;
  } | null;
  /** Questions under way: has the other answered since? */
  readonly questions: readonly {
    readonly nonce: number;
    readonly about: Guid;
    readonly from: Guid;
    readonly g: string;
    readonly until: Ms;
  }[];
  readonly nonces: number;
  /** The newest it was ever told in this process: whoever knows less may not become primary. */
  readonly known: { readonly epoch: Epoch | null; readonly membership: number };
}

export const emptyArbiter: ArbiterState = {
  members: {},
  current: null,
  questions: [],
  nonces: 0,
  known: { epoch: null, membership: 0 },
};

export type ArbiterInput =
  | { readonly on: 'up'; readonly member: Guid; readonly boot: string }
  | { readonly on: 'lost'; readonly member: Guid }
  | { readonly on: 'message'; readonly member: Guid; readonly message: ToArbiter }
  | { readonly on: 'tick' };

export type ArbiterEffect =
  | { readonly do: 'tell'; readonly member: Guid; readonly message: FromArbiter }
  /** A member that did not answer within Q counts as lost and has to come anew. */
  | { readonly do: 'hang-up'; readonly member: Guid };

interface Draft {
  members: Record<Guid, { boot: string }>;
  current: { gen: Generation; verdict: Verdict | null; onlyPrimary: boolean } | null;
  questions: { nonce: number; about: Guid; from: Guid; g: string; until: Ms }[];
  nonces: number;
  known: { epoch: Epoch | null; membership: number };
}

/** @param qosMs how long a member may take to answer */
export function stepArbiter(
  before: ArbiterState,
  input: ArbiterInput,
  now: Ms,
  qosMs: Ms,
): { state: ArbiterState; effects: ArbiterEffect[] } {
  const state = copyPlain(before) as Draft;
  const effects: ArbiterEffect[] = [];
  const tell = (member: Guid, message: FromArbiter): void => {
    if (member in state.members) effects.push({ do: 'tell', member, message });
  };
  switch (input.on) {
    case 'up':
      state.members[input.member] = { boot: input.boot };
      announce(state, tell);
      break;
    case 'lost':
      lose(state, input.member, tell);
      break;
    case 'message':
      if (input.member in state.members) receive(state, input.member, input.message, { tell, now, qosMs });
      break;
    case 'tick':
      for (const about of new Set(state.questions.filter((q) => q.until <= now).map((q) => q.about))) {
        effects.push({ do: 'hang-up', member: about });
        lose(state, about, tell);
      }
      break;
  }
  return { state, effects };
}

type Tell = (member: Guid, message: FromArbiter) => void;

/** Everyone learns whether the others are connected. */
function announce(state: Draft, tell: Tell): void {
  const all = Object.keys(state.members);
  for (const to of all) for (const other of all) if (other !== to) tell(to, { m: 'other', member: other, connected: true });
}

function lose(state: Draft, member: Guid, tell: Tell): void {
  if (!(member in state.members)) return;
  delete state.members[member];
  for (const to of Object.keys(state.members)) tell(to, { m: 'other', member, connected: false });
  const open = state.questions.filter((q) => q.about === member);
  state.questions = state.questions.filter((q) => q.about !== member && q.from !== member);
  for (const q of open) if (q.from !== member) decide(state, q.from, q.g, tell);
  // The backup was asked to give up and is now lost instead: that answers too.
  const current = state.current;
  if (current !== null && current.onlyPrimary && member === current.gen.backup && current.verdict === null)
    give(state, 'primary-continues', tell);
}

function receive(state: Draft, from: Guid, message: ToArbiter, ctx: { tell: Tell; now: Ms; qosMs: Ms }): void {
  switch (message.m) {
    case 'propose':
      return propose(state, from, message.gen, ctx.tell);
    case 'hold':
      return;
    case 'claim':
      ctx.tell(from, { m: 'known', ...state.known });
      // Whoever has an older one has missed a change, whatever becomes of this claim.
      state.known.membership = Math.max(state.known.membership, message.membership);
      return;
    case 'lost':
      return lost(state, from, message.g, message.who, ctx);
    case 'gave-up':
      if (state.current?.gen.g === message.g && state.current.gen.backup === from && state.current.verdict === null)
        give(state, 'primary-continues', ctx.tell);
      return;
    case 'pong': {
      const answered = state.questions.filter((q) => q.about === from && q.nonce <= message.nonce);
      state.questions = state.questions.filter((q) => !answered.includes(q));
      for (const q of answered) answeredPing(state, q, ctx);
      return;
    }
  }
}

/** Forming a generation ends all older ones of the mirror. */
function propose(state: Draft, from: Guid, gen: Generation, tell: Tell): void {
  const present =
    from === gen.primary && state.members[gen.primary]?.boot === gen.primaryBoot && state.members[gen.backup]?.boot === gen.backupBoot;
  if (!present) return tell(from, { m: 'unknown', g: gen.g });
  const { known } = state;
  const order = known.epoch === null ? 1 : compareEpochs(gen.epoch, known.epoch);
  const another = order === 0 && known.epoch?.member !== gen.epoch.member;
  if (order < 0 || another || (order === 0 && gen.membership < known.membership)) {
    tell(from, { m: 'unknown', g: gen.g });
    return tell(from, { m: 'known', ...known });
  }
  state.known = { epoch: gen.epoch, membership: gen.membership };
  state.current = { gen, verdict: null, onlyPrimary: false };
  tell(from, { m: 'hold', g: gen.g });
}

function valid(state: Draft, from: Guid, g: string): Generation | null {
  const gen = state.current?.gen;
  if (gen === undefined || gen.g !== g) return null;
  const boot = state.members[from]?.boot;
  return (from === gen.primary && boot === gen.primaryBoot) || (from === gen.backup && boot === gen.backupBoot) ? gen : null;
}

function lost(state: Draft, from: Guid, g: string, who: Guid, ctx: { tell: Tell; now: Ms; qosMs: Ms }): void {
  const gen = valid(state, from, g);
  if (gen === null || state.current === null) return ctx.tell(from, { m: 'unknown', g });
  if (state.current.verdict !== null) return ctx.tell(from, { m: 'verdict', g, verdict: state.current.verdict });
  const otherBoot = who === gen.primary ? gen.primaryBoot : gen.backupBoot;
  if (state.members[who]?.boot !== otherBoot) return decide(state, from, g, ctx.tell);
  // The primary that asks may not hear the answer: it has to be heard to hear before the backup is asked to give up.
  ask(state, from === gen.primary ? from : who, from, g, ctx);
}

/** Still connected, as far as we know: a round trip that began after the question tells. */
function ask(state: Draft, about: Guid, from: Guid, g: string, ctx: { tell: Tell; now: Ms; qosMs: Ms }): void {
  state.nonces += 1;
  state.questions.push({ nonce: state.nonces, about, from, g, until: ctx.now + ctx.qosMs });
  ctx.tell(about, { m: 'ping', nonce: state.nonces });
}

/** `from` has lost the other, and so has the arbiter. */
function decide(state: Draft, from: Guid, g: string, tell: Tell): void {
  const current = state.current;
  if (current === null || current.gen.g !== g || current.verdict !== null) return;
  if (from === current.gen.primary) give(state, 'primary-continues', tell);
  else if (!current.onlyPrimary) give(state, 'backup-takes-over', tell);
}

function answeredPing(state: Draft, q: Draft['questions'][number], ctx: { tell: Tell; now: Ms; qosMs: Ms }): void {
  if (q.about !== q.from) return stillThere(state, q.from, q.g, ctx.tell);
  const gen = state.current?.gen;
  if (gen === undefined || gen.g !== q.g) return;
  if (state.members[gen.backup]?.boot === gen.backupBoot) ask(state, gen.backup, q.from, q.g, ctx);
  else decide(state, q.from, q.g, ctx.tell);
}

/** `from` has lost the other, which the arbiter still reaches: it must be the backup that gives up. */
function stillThere(state: Draft, from: Guid, g: string, tell: Tell): void {
  const current = state.current;
  if (current === null || current.gen.g !== g) return;
  if (current.verdict !== null) return tell(from, { m: 'verdict', g, verdict: current.verdict });
  current.onlyPrimary = true;
  tell(current.gen.backup, { m: 'give-up', g });
}

function give(state: Draft, verdict: Verdict, tell: Tell): void {
  if (state.current === null) return;
  state.current.verdict = verdict;
  for (const to of [state.current.gen.primary, state.current.gen.backup]) tell(to, { m: 'verdict', g: state.current.gen.g, verdict });
}
