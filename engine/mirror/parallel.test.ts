import { expect, test } from 'vitest';
import { type ParallelDejournaling } from '../api/parallel.ts';
import { MemberType } from '../api/status.ts';
import { mayDejournalInParallel } from './parallel.ts';

test('the setting says which members may dejournal several databases at once', () => {
  const may = (setting: ParallelDejournaling | undefined): MemberType[] =>
    MemberType.options.filter((type) => mayDejournalInParallel(setting, type));
  expect(may('failover')).toEqual(['Failover']);
  expect(may('failover+dr')).toEqual(['Failover', 'Disaster Recovery']);
  expect(may('all')).toEqual(MemberType.options);
  expect(may(undefined)).toEqual(may('failover+dr'));
});
