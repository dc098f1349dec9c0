import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemberStatus, MemberType } from '../../engine/api/status.ts';
import { facts, healthy, LIVE, member, mirror, status, STOPPED, world } from '../testing/world.ts';
import { advance, catalogue, confirmStep, proceduresOf, stepsOf, type ProcedureRun } from './evaluate.ts';
import { sceneOf, type Scene } from './scene.ts';

const run: ProcedureRun = {
  run: 1,
  id: 'backup-instance',
  mirror: 'M',
  cast: { a: 'A', b: 'B' },
  startedAt: 0,
  endedAt: null,
  abandoned: false,
  done: [],
};

function scene(a: MemberStatus, b: MemberStatus): Scene {
  const members = [member('A', a), member('B', b)];
  const made = [
    facts('A', a === 'Down' ? STOPPED : LIVE, status('A', a === 'Down' ? 'stopped' : 'running', a), mirror('A', members)),
    facts('B', b === 'Down' ? STOPPED : LIVE, status('B', b === 'Down' ? 'stopped' : 'running', b), mirror('B', members)),
  ];
  const found = sceneOf(world(made), 'M');
  if (found === null) throw new Error('no scene');
  return found;
}

describe('what fits', () => {
  const fitting = (at: Scene): string[] => proceduresOf(at, []).procedures.flatMap(({ id, fits }) => (fits ? [id] : []));

  it('on a good day is what is planned', () => {
    const { a, b } = healthy();
    const found = sceneOf(world([a, b]), 'M');
    expect(found && fitting(found)).toEqual(['backup-instance', 'backup-host', 'primary', 'no-failover']);
  });

  it('is mending the failed one where the other is primary', () => {
    expect(fitting(scene('Down', 'Primary'))).toEqual(['backup-failed', 'failed-over']);
  });

  it('is bringing the host back, or force, where nobody is primary', () => {
    expect(fitting(scene('Down', 'Waiting'))).toEqual(['host-comes-back', 'force']);
  });

  it('is the isolated primary’s, where one is in trouble', () => {
    expect(fitting(scene('In Trouble', 'Down'))).toContain('isolated');
  });

  it('is said for nothing where nothing is known', () => {
    expect(proceduresOf(null, []).procedures.filter(({ fits }) => fits)).toEqual([]);
  });
});

describe('a procedure under way', () => {
  it('goes on by itself where the console can see that a step is done, and waits for a person where it cannot', () => {
    expect(advance(run, scene('Primary', 'Backup'), 1)).toBe(run);
    const stopped = advance(run, scene('Primary', 'Down'), 2);
    expect(stopped.done).toEqual([{ at: 2, by: 'seen' }]);
    expect(advance(stopped, scene('Primary', 'Backup'), 3)).toBe(stopped);
    const worked = confirmStep(stopped, 1, 4);
    const ended = advance(worked, scene('Primary', 'Backup'), 5);
    expect([ended.endedAt, ended.done.map(({ by }) => by)]).toEqual([5, ['seen', 'said', 'seen', 'seen']]);
  });

  it('offers what carries the step out, and takes a person’s word for the step to do now only', () => {
    const [view] = proceduresOf(scene('Primary', 'Backup'), [run]).runs;
    expect(view?.steps.map(({ state }) => state)).toEqual(['now', 'later', 'later', 'later']);
    expect(view?.steps[0]?.offers).toEqual([
      { kind: 'action', text: 'Stop B', action: { action: 'stopInstance', instance: 'host-b/B', nofailover: false } },
    ]);
    expect(confirmStep(run, 2, 1)).toBe(run);
  });

  it('never goes back, whatever happens, and ends with all steps done', () => {
    const statuses = fc.constantFrom<MemberStatus>('Primary', 'Backup', 'Down', 'Waiting', 'In Trouble', 'Connected', 'Crashed');
    const types = fc.constantFrom<MemberType>('Failover', 'Disaster Recovery');
    const actor = (name: string) =>
      fc.record({
        name: fc.constant(name),
        type: types,
        status: statuses,
        active: fc.boolean(),
        caughtUp: fc.boolean(),
        instance: fc.constant(`h/${name}`),
        running: fc.boolean(),
        host: fc.constant('h'),
        agent: fc.boolean(),
      });
    const scenes = fc
      .record({ a: actor('A'), b: actor('B'), c: actor('C'), noFailover: fc.boolean() })
      .map(({ a, b, c, noFailover }): Scene => {
        const actors = [a, b, c];
        return { mirror: 'M', actors, primary: actors.find((each) => each.status === 'Primary') ?? null, noFailover };
      });
    fc.assert(
      fc.property(fc.constantFrom(...catalogue), fc.array(fc.tuple(scenes, fc.boolean()), { maxLength: 30 }), ({ id }, happenings) => {
        let now: ProcedureRun = { ...run, id, cast: { a: 'A', b: 'B', c: 'C' } };
        const count = stepsOf(now).length;
        for (const [at, said] of happenings) {
          const next = said ? confirmStep(now, now.done.length, 1) : advance(now, at, 1);
          expect(next.done.slice(0, now.done.length)).toEqual(now.done);
          expect(next.endedAt !== null).toBe(next.done.length === count);
          proceduresOf(at, [next]);
          now = next;
        }
      }),
    );
  });
});
