import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MEGABYTE, plainProperties, type SharedProperties } from '../api/database-properties.ts';
import { isBelow, isSame, propertiesText, synchronised } from './properties.ts';

const maxSize = fc.option(fc.integer({ min: 1, max: 8 }).map((mb) => mb * MEGABYTE));
const properties: fc.Arbitrary<SharedProperties> = fc.record({
  maxSizeBytes: maxSize,
  expansionBytes: fc.integer({ min: 0, max: 4 }),
  resource: fc.option(fc.constantFrom('R1', 'R2')),
  collation: fc.constantFrom('standard', 'other'),
});

describe('properties of a copy', () => {
  it('of a failover member are those of the primary, of an async never smaller, with its own resource', () => {
    fc.assert(
      fc.property(properties, properties, (here, primary) => {
        expect(synchronised(here, primary, false)).toEqual(primary);
        const after = synchronised(here, primary, true);
        expect(isBelow(after.maxSizeBytes, primary.maxSizeBytes)).toBe(false);
        expect(isBelow(after.maxSizeBytes, here.maxSizeBytes)).toBe(false);
        expect([here.maxSizeBytes, primary.maxSizeBytes]).toContain(after.maxSizeBytes);
        expect(after.expansionBytes).toBe(Math.max(here.expansionBytes, primary.expansionBytes));
        expect([after.resource, after.collation]).toEqual([here.resource, primary.collation]);
        expect(synchronised(after, primary, true)).toEqual(after);
      }),
    );
  });

  it('are the same whether an async has heard of each change or only of those from its connection on, but for sizes that were larger between', () => {
    // A naive model: the largest size that the async had or was told of.
    fc.assert(
      fc.property(properties, fc.array(fc.record({ primary: properties, isHeard: fc.boolean() }), { maxLength: 8 }), (first, changes) => {
        let here = first;
        let largest = first.maxSizeBytes;
        let widest = first.expansionBytes;
        for (const { primary, isHeard } of changes) {
          if (!isHeard) continue;
          here = synchronised(here, primary, true);
          if (isBelow(largest, primary.maxSizeBytes)) largest = primary.maxSizeBytes;
          widest = Math.max(widest, primary.expansionBytes);
        }
        expect([here.maxSizeBytes, here.expansionBytes, here.resource]).toEqual([largest, widest, first.resource]);
      }),
    );
  });

  it('are told in words, all of them or what has changed', () => {
    const after = { ...plainProperties, maxSizeBytes: 1.5 * MEGABYTE, resource: '%DB_X' };
    expect(propertiesText(plainProperties)).toBe('no maximum size, expansion size left to the system, no resource, collation standard');
    expect(propertiesText(after, plainProperties)).toBe('maximum size 1.5 MB, resource %DB_X');
    expect([isSame(after, { ...after }), isSame(after, plainProperties)]).toEqual([true, false]);
  });
});
