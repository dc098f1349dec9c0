import type { LostPage } from '../../api/lost.ts';
import type { InstanceClient } from '../context.ts';

/** Calls with each page of a report, in order; only one of them is in memory. */
export async function eachPage(
  client: InstanceClient,
  flags: { readonly mirror?: string },
  report: string | undefined,
  act: (page: LostPage, isFirst: boolean) => void,
): Promise<void> {
  let from: number | null = 0;
  let name = report;
  while (from !== null) {
    const page: LostPage = await client.call('mirror.lostPage', { ...flags, ...(name === undefined ? {} : { report: name }), from });
    act(page, from === 0);
    // Another one may have come meanwhile.
    name = page.report.report;
    from = page.next;
  }
}
