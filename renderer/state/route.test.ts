import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRoute, routeHash, type Route } from './route.ts';

const name = fc.string({ minLength: 1, maxLength: 20 });
const route: fc.Arbitrary<Route> = fc.oneof(
  fc.constant<Route>({ page: 'overview' }),
  fc.constant<Route>({ page: 'hosts' }),
  name.map((mirror): Route => ({ page: 'monitor', mirror })),
  fc.constant<Route>({ page: 'alerts' }),
  name.map((mirror): Route => ({ page: 'history', mirror })),
  fc.record({ mirror: name, at: fc.nat() }).map((where): Route => ({ page: 'explain', ...where })),
  name.map((mirror): Route => ({ page: 'members', mirror })),
  fc.record({ mirror: name, instance: name, report: name }).map((lost): Route => ({ page: 'lost', ...lost })),
  fc.tuple(fc.constantFrom('databases' as const, 'journal' as const), name).map(([page, mirror]): Route => ({ page, mirror })),
  fc
    .tuple(fc.constantFrom('instanceDatabases' as const, 'instanceJournal' as const), name)
    .map(([page, instance]): Route => ({ page, instance })),
  fc
    .record({ instance: name, mirror: name }, { requiredKeys: [] })
    .map((about): Route => ({ page: 'wizard', form: 'createMirror', about })),
  fc.tuple(name, fc.option(fc.nat())).map(([mirror, run]): Route => ({ page: 'procedures', mirror, run })),
  fc.option(fc.nat()).map((job): Route => ({ page: 'activity', job })),
);

describe('routes', () => {
  it('come back from their address, whatever a name holds', () => {
    fc.assert(
      fc.property(route, (r) => {
        expect(parseRoute(routeHash(r))).toEqual(r);
      }),
    );
  });

  it('lead to the overview when the address says nothing known', () => {
    for (const hash of [
      '',
      '#',
      '#/',
      '#/nowhere',
      '#/mirror',
      '#/mirror/DEMO',
      '#/mirror/DEMO/other',
      '#/mirror/DEMO/explain',
      '#/mirror/DEMO/explain/x',
      '#/mirror/DEMO/lost/a%2FB',
    ]) {
      expect(parseRoute(hash)).toEqual({ page: 'overview' });
    }
  });

  it('survive a broken escape', () => {
    expect(parseRoute('#/mirror/100%/monitor')).toEqual({ page: 'monitor', mirror: '100%' });
  });
});
