import { describe, expect, it } from 'vitest';
import { emptyArbiter, stepArbiter, type ArbiterInput, type ArbiterState } from './arbiter.ts';
import { epoch } from './testing/core.ts';
import type { Generation, ToArbiter } from './types.ts';

const QOS = 1000;
const gen: Generation = { g: 'g1', primary: 'P', primaryBoot: 'p1', backup: 'B', backupBoot: 'b1', membership: 1, epoch: epoch(2) };

class Arbiter {
  state: ArbiterState = emptyArbiter;
  now = 0;

  /** Effects as words: `P verdict primary-continues`, `hang-up B`. */
  do(input: ArbiterInput): string[] {
    const { state, effects } = stepArbiter(this.state, input, this.now, QOS);
    this.state = state;
    return effects.flatMap((e) => {
      if (e.do === 'hang-up') return [`hang-up ${e.member}`];
      if (e.message.m === 'other') return [];
      return [`${e.member} ${e.message.m}${e.message.m === 'verdict' ? ` ${e.message.verdict}` : ''}`];
    });
  }

  from(member: string, message: ToArbiter): string[] {
    return this.do({ on: 'message', member, message });
  }

  pong(member: string): string[] {
    return this.from(member, { m: 'pong', nonce: this.state.nonces });
  }
}

function formed(): Arbiter {
  const arbiter = new Arbiter();
  arbiter.do({ on: 'up', member: 'P', boot: 'p1' });
  arbiter.do({ on: 'up', member: 'B', boot: 'b1' });
  arbiter.from('P', { m: 'propose', gen });
  return arbiter;
}

const pLost: ToArbiter = { m: 'lost', g: 'g1', who: 'B' };
const bLost: ToArbiter = { m: 'lost', g: 'g1', who: 'P' };

describe('forming', () => {
  it('holds what the primary proposes for the two processes it is connected to', () => {
    const arbiter = new Arbiter();
    arbiter.do({ on: 'up', member: 'P', boot: 'p1' });
    expect(arbiter.from('P', { m: 'propose', gen })).toEqual(['P unknown']);
    arbiter.do({ on: 'up', member: 'B', boot: 'another' });
    expect(arbiter.from('P', { m: 'propose', gen })).toEqual(['P unknown']);
    arbiter.do({ on: 'up', member: 'B', boot: 'b1' });
    expect(arbiter.from('B', { m: 'propose', gen })).toEqual(['B unknown']);
    expect(arbiter.from('P', { m: 'propose', gen })).toEqual(['P hold']);
  });

  it('ends all older generations', () => {
    const arbiter = formed();
    arbiter.from('P', { m: 'propose', gen: { ...gen, g: 'g2' } });
    arbiter.do({ on: 'lost', member: 'P' });
    expect(arbiter.from('B', bLost)).toEqual(['B unknown']);
  });

  it('a restarted arbiter knows no generation', () => {
    const arbiter = new Arbiter();
    arbiter.do({ on: 'up', member: 'B', boot: 'b1' });
    expect(arbiter.from('B', bLost)).toEqual(['B unknown']);
  });

  it('a stranger says nothing', () => {
    const arbiter = formed();
    expect(arbiter.from('X', pLost)).toEqual([]);
    arbiter.do({ on: 'up', member: 'X', boot: 'x1' });
    expect(arbiter.from('X', pLost)).toEqual(['X unknown']);
    expect(arbiter.from('X', { m: 'gave-up', g: 'g1' })).toEqual([]);
  });
});

describe('verdicts', () => {
  it('the backup lost the primary, and so did the arbiter: the backup takes over', () => {
    const arbiter = formed();
    arbiter.do({ on: 'lost', member: 'P' });
    expect(arbiter.from('B', bLost)).toEqual(['B verdict backup-takes-over']);
  });

  it('a primary with a new boot id is lost', () => {
    const arbiter = formed();
    arbiter.do({ on: 'up', member: 'P', boot: 'p2' });
    expect(arbiter.from('B', bLost)).toEqual(['P verdict backup-takes-over', 'B verdict backup-takes-over']);
    expect(arbiter.from('P', pLost), 'of its old process').toEqual(['P unknown']);
  });

  it('the primary lost the backup, and so did the arbiter: the primary continues', () => {
    const arbiter = formed();
    arbiter.do({ on: 'lost', member: 'B' });
    expect(arbiter.from('P', pLost)).toEqual(['P verdict primary-continues']);
  });

  it('there is one for each generation, repeated to who asks', () => {
    const arbiter = formed();
    arbiter.do({ on: 'lost', member: 'B' });
    arbiter.from('P', pLost);
    arbiter.do({ on: 'lost', member: 'P' });
    arbiter.do({ on: 'up', member: 'B', boot: 'b1' });
    expect(arbiter.from('B', bLost)).toEqual(['B verdict primary-continues']);
    const other = formed();
    other.do({ on: 'lost', member: 'P' });
    other.from('B', bLost);
    other.do({ on: 'lost', member: 'B' });
    other.do({ on: 'up', member: 'P', boot: 'p1' });
    expect(other.from('P', pLost)).toEqual(['P verdict backup-takes-over']);
  });

  it('a member still connected is asked first: its answer must come after the question', () => {
    const arbiter = formed();
    expect(arbiter.from('P', pLost)).toEqual(['P ping']);
    expect(arbiter.pong('P')).toEqual(['B ping']);
    expect(arbiter.from('B', { m: 'pong', nonce: 0 }), 'an older answer').toEqual([]);
    expect(arbiter.pong('B')).toEqual(['B give-up']);
    expect(arbiter.from('B', { m: 'gave-up', g: 'g1' })).toEqual(['P verdict primary-continues', 'B verdict primary-continues']);
  });

  it('a member that does not answer within Q counts as lost', () => {
    const arbiter = formed();
    arbiter.from('P', pLost);
    arbiter.pong('P');
    arbiter.now = QOS - 1;
    expect(arbiter.do({ on: 'tick' })).toEqual([]);
    arbiter.now = QOS;
    expect(arbiter.do({ on: 'tick' })).toEqual(['hang-up B', 'P verdict primary-continues']);
    const other = formed();
    expect(other.from('B', bLost)).toEqual(['P ping']);
    other.now = QOS;
    expect(other.do({ on: 'tick' })).toEqual(['hang-up P', 'B verdict backup-takes-over']);
  });

  it('a primary that asks and does not hear is lost: the backup is not asked to give up, and may take over', () => {
    const arbiter = formed();
    expect(arbiter.from('P', pLost)).toEqual(['P ping']);
    expect(arbiter.from('B', bLost)).toEqual(['P ping']);
    arbiter.now = QOS;
    expect(arbiter.do({ on: 'tick' })).toEqual(['hang-up P', 'B verdict backup-takes-over']);
    const alone = formed();
    alone.from('P', pLost);
    alone.now = QOS;
    expect(alone.do({ on: 'tick' }), 'nobody else asked').toEqual(['hang-up P']);
    expect(alone.from('B', bLost)).toEqual(['B verdict backup-takes-over']);
  });

  it('a primary that asks while the backup is lost goes on', () => {
    const arbiter = formed();
    arbiter.from('P', pLost);
    arbiter.do({ on: 'lost', member: 'B' });
    expect(arbiter.pong('P')).toEqual(['P verdict primary-continues']);
  });

  it('the backup lost a primary that the arbiter reaches: it gives up', () => {
    const arbiter = formed();
    expect(arbiter.from('B', bLost)).toEqual(['P ping']);
    expect(arbiter.pong('P')).toEqual(['B give-up']);
  });

  it('once the backup was asked to give up there is no taking over, whoever is lost then', () => {
    const arbiter = formed();
    arbiter.from('B', bLost);
    arbiter.pong('P');
    arbiter.do({ on: 'lost', member: 'P' });
    expect(arbiter.from('B', bLost)).toEqual([]);
    expect(arbiter.from('B', { m: 'gave-up', g: 'g1' })).toEqual(['B verdict primary-continues']);
    const other = formed();
    other.from('P', pLost);
    other.pong('P');
    other.pong('B');
    expect(other.do({ on: 'lost', member: 'B' }), 'lost instead of giving up').toEqual(['P verdict primary-continues']);
  });

  it('a question of a member that is lost itself is forgotten', () => {
    const arbiter = formed();
    arbiter.from('B', bLost);
    arbiter.do({ on: 'lost', member: 'B' });
    arbiter.now = QOS;
    expect(arbiter.do({ on: 'tick' })).toEqual([]);
  });

  it('a loss nobody asked about brings no verdict', () => {
    const arbiter = formed();
    expect(arbiter.do({ on: 'lost', member: 'P' })).toEqual([]);
    expect(arbiter.state.current?.verdict).toBeNull();
  });
});

describe('what the arbiter knows of newer primaries', () => {
  const claim: ToArbiter = { m: 'claim', epoch: epoch(1), membership: 1 };

  it('is told to whoever claims; it forgets it with its process', () => {
    const arbiter = new Arbiter();
    arbiter.do({ on: 'up', member: 'P', boot: 'p1' });
    expect(stepArbiter(arbiter.state, { on: 'message', member: 'P', message: claim }, 0, QOS).effects).toEqual([
      { do: 'tell', member: 'P', message: { m: 'known', epoch: null, membership: 0 } },
    ]);
    const known = formed();
    expect(stepArbiter(known.state, { on: 'message', member: 'B', message: claim }, 0, QOS).effects).toEqual([
      { do: 'tell', member: 'B', message: { m: 'known', epoch: epoch(2), membership: 1 } },
    ]);
  });

  it('forbids generations of an older primary or an older membership', () => {
    const arbiter = formed();
    expect(arbiter.from('P', { m: 'propose', gen: { ...gen, g: 'g2', epoch: epoch(1) } })).toEqual(['P unknown', 'P known']);
    expect(arbiter.from('P', { m: 'propose', gen: { ...gen, g: 'g3', membership: 0 } })).toEqual(['P unknown', 'P known']);
    expect(arbiter.state.current?.gen.g).toBe('g1');
    expect(
      arbiter.from('P', { m: 'propose', gen: { ...gen, g: 'g4', epoch: epoch(3), membership: 0 } }),
      'a newer primary says what the mirror is',
    ).toEqual(['P hold']);
  });
});
