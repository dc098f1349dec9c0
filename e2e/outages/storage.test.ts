import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { instancePaths } from '../../engine/instance/host.ts';
import type { Host } from './host.ts';
import type { OutageMirror } from './mirror.ts';
import { outages } from './suite.ts';

/** Primary outage scenario 4: the disk of its journal is full. */

const QOS_MS = 1500;
const DISK = '64m';
const PIECE = Buffer.alloc(1024 * 1024);

function fillerOf(member: Host): string {
  return path.join(instancePaths(member.directory).journal, 'filler');
}

/** The disk has no room left but what journal files have reserved; that goes to writes of a client. */
async function fillDisk(m: OutageMirror, member: Host): Promise<void> {
  const file = fs.openSync(fillerOf(member), 'a');
  try {
    for (;;) fs.writeSync(file, PIECE);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    fs.closeSync(file);
  }
  await m.clientOf(member).fill();
}

outages(
  "storage of the primary's journal fails",
  {
    qosMs: QOS_MS,
    mounts: (member) => [{ at: instancePaths(member.directory).journal, size: DISK }],
  },
  (mirror) => {
    it('4: the active backup takes over; the former primary ends, and stays down', async () => {
      const m = mirror();
      const { primary: p, backup: b } = await m.roles();
      await m.begin();
      await fillDisk(m, p);
      await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
      await m.writesGoOn(QOS_MS);
      await m.ends(p);
      fs.rmSync(fillerOf(p));
      expect(await m.settle()).toBe(b);
    });

    it('4: the backup has fallen behind: updates are frozen, and it does not take over', async () => {
      const m = mirror();
      const { primary: p, backup: b } = await m.roles();
      await m.backupFallsBehind(b);
      await fillDisk(m, p);
      await m.expect(QOS_MS, { [p.name]: { [p.name]: 'In Trouble', [b.name]: 'Down' } });
      b.signal('SIGCONT');
      const frozen = { [p.name]: { [p.name]: 'In Trouble', [b.name]: 'Synchronizing' }, [b.name]: { [b.name]: 'Synchronizing' } };
      await m.expect(2 * QOS_MS, frozen);
      const { acknowledged } = m.history;
      await m.staysSo(3 * QOS_MS, frozen);
      expect(m.history.acknowledged).toBe(acknowledged);
      fs.rmSync(fillerOf(p));
      await p.kill();
      await p.start();
      await m.settle();
    });
  },
);
