import { z } from 'zod';
import { DejournalView, FilterView } from '../../engine/api/dejournaling.ts';
import { LostReport } from '../../engine/api/lost.ts';
import { MirrorConfiguration } from '../../engine/api/mirror-configuration.ts';
import { Problem } from './actions.ts';

/** What the page of members and settings shows beside the mirror's state: asked of the members while somebody looks. */
export const MembersView = z.object({
  /** As the best informed member has it; null: nobody could say. */
  configuration: MirrorConfiguration.nullable(),
  /** Name of the member whose it is. */
  from: z.string().nullable(),
  /** When it was answered; null: never. */
  asOf: z.number().nullable(),
  /** Why the newest could not be had. */
  problem: Problem.nullable(),
  /** By InstanceView id; only instances that answer. */
  instances: z.array(
    z.object({
      instance: z.string(),
      /** null: a failover member, which always dejournals. */
      dejournaling: DejournalView.nullable(),
      /** null: no reporting member. */
      filter: FilterView.nullable(),
      /** Updates that only it had when its mirror went on without them; newest report first. */
      lost: z.array(LostReport),
    }),
  ),
  /** InstanceView ids of instances that are members no more and still have their configuration. */
  left: z.array(z.string()),
});
export type MembersView = z.infer<typeof MembersView>;
