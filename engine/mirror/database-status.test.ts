import { describe, expect, it } from 'vitest';
import { databaseStatus, type DatabaseFacts } from './database-status.ts';

const fed: DatabaseFacts = { mounted: true, isPrimary: false, isStopped: false };

describe('the status of a mirrored database', () => {
  it.each<[string, Partial<DatabaseFacts>]>([
    ['Dejournaling', {}],
    ['Normal', { isPrimary: true }],
    ['Dejournaling Stopped', { isStopped: true }],
    ['Dejournaling Stopped', { isFailed: true }],
    ['Dejournaling Stopped', { halt: 'paused' }],
    ['Needs Catchup', { halt: 'needs-catchup' }],
    ['Catchup Running', { halt: 'catching-up' }],
    ['Needs Activation', { needsActivation: true }],
    ['Database Dismounted', { mounted: false }],
    ['Obsolete', { isObsolete: true }],
    // What hides what.
    ['Dejournaling Stopped', { isPrimary: true, isFailed: true }],
    ['Needs Catchup', { isPrimary: true, halt: 'needs-catchup', isStopped: true, isFailed: true }],
    ['Catchup Running', { halt: 'catching-up', isFailed: true }],
    ['Needs Activation', { needsActivation: true, isStopped: true, isPrimary: true }],
    ['Database Dismounted', { mounted: false, isPrimary: true, isStopped: true }],
    ['Obsolete', { isObsolete: true, mounted: false, needsActivation: true, halt: 'needs-catchup', isPrimary: true }],
  ])('is %s of %o', (status, facts) => {
    expect(databaseStatus({ ...fed, ...facts })).toBe(status);
  });
});
