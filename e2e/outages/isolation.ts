import { expect } from 'vitest';
import type { Host } from './host.ts';
import type { OutageMirror } from './mirror.ts';

/** What comes of a primary that is cut off from the others: two outcomes that several scenarios have. */

interface Roles {
  readonly primary: Host;
  readonly backup: Host;
}

/** The arbiter has lost it too: the backup takes over; what was primary knows that it may have. */
export async function backupTakesOver(m: OutageMirror, { primary: p, backup: b }: Roles): Promise<void> {
  await m.expect(m.qosMs, {
    [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' },
    [p.name]: { [p.name]: 'In Trouble', [b.name]: 'Down' },
  });
  await m.writesGoOn(m.qosMs);
}

/** The network is back: what was primary ends by itself, stays down until it is started, and follows then. */
export async function formerPrimaryEnds(m: OutageMirror, { primary: p, backup: b }: Roles): Promise<void> {
  m.network.heal();
  await m.ends(p);
  expect(await m.settle()).toBe(b);
}

/** Isolated in agent controlled mode: it works on alone after the trouble timeout; the backup waits. */
export async function continuesWhenIsolated(m: OutageMirror, { primary: p, backup: b }: Roles): Promise<void> {
  await m.begin();
  m.network.isolate(p.computer.name);
  await m.expect(3 * m.qosMs, {
    [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' },
    [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' },
  });
  await m.writesGoOn(3 * m.qosMs);
  expect(await m.settle()).toBe(p);
}
