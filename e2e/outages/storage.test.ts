import path from 'node:path';
import { expect } from 'vitest';
import { instancePaths } from '../../engine/instance/host.ts';
import { BrittleDisk, brittleDiskRefused, SmallDisk } from './disk.ts';
import type { Host } from './host.ts';
import type { OutageMirror } from './mirror.ts';
import { outages } from './suite.ts';

/** Primary outage scenario 4: the disk of its journal is full, broken, or hangs. */

const QOS_MS = 1500;

const journalOf = (member: Host): string => instancePaths(member.directory).journal;

/** The disks of the journals of a mirror's members. */
function disksOf<Disk>(make: (member: Host) => Disk): { of(member: Host): Disk; disks(member: Host): [Disk] } {
  const made = new Map<Host, Disk>();
  return {
    of(member) {
      const disk = made.get(member);
      if (disk === undefined) throw new Error(`${member.name} has no disk of its own`);
      return disk;
    },
    disks(member) {
      const disk = make(member);
      made.set(member, disk);
      return [disk];
    },
  };
}

const small = disksOf((member) => new SmallDisk(journalOf(member)));

/** The disk has no room left but what journal files have reserved; that goes to writes of a client. */
async function fillDisk(m: OutageMirror, member: Host): Promise<void> {
  small.of(member).fill();
  await m.clientOf(member).fill();
}

outages("the disk of the primary's journal is full", { qosMs: QOS_MS, disks: small.disks }, (scenario) => {
  scenario('4: the active backup takes over; the former primary ends, and stays down', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await fillDisk(m, p);
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(QOS_MS);
    await m.ends(p);
    small.of(p).makeRoom();
    expect(await m.settle()).toBe(b);
  });

  scenario('4: the backup has fallen behind: updates are frozen, and it does not take over', async (m) => {
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
    small.of(p).makeRoom();
    await p.kill();
    await p.start();
    await m.settle();
  });
});

const brittle = disksOf((member) => new BrittleDisk(journalOf(member), path.join(member.home, 'journal.img')));

outages(
  "the disk of the primary's journal fails",
  { qosMs: QOS_MS, disks: brittle.disks },
  (scenario) => {
    scenario('4: broken: the active backup takes over; the former primary ends, and stays down', async (m) => {
      const { primary: p, backup: b } = await m.roles();
      await m.begin();
      brittle.of(p).break();
      await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
      await m.writesGoOn(QOS_MS);
      await m.ends(p);
      brittle.of(p).repair();
      expect(await m.settle()).toBe(b);
    });

    scenario('4: it hangs: the active backup takes over; the former primary ends when its disk goes on', async (m) => {
      const { primary: p, backup: b } = await m.roles();
      await m.begin();
      const disk = brittle.of(p);
      disk.hang();
      try {
        await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
        await m.writesGoOn(QOS_MS);
      } finally {
        disk.goOn();
      }
      await m.ends(p);
      expect(await m.settle()).toBe(b);
    });

    scenario('4: broken, the backup has fallen behind: it waits, and takes over once the agent can read the journal', async (m) => {
      const { primary: p, backup: b } = await m.roles();
      await m.backupFallsBehind(b);
      brittle.of(p).break();
      await m.expect(QOS_MS, { [p.name]: { [p.name]: 'In Trouble', [b.name]: 'Down' } });
      await p.kill();
      b.signal('SIGCONT');
      await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' } });
      await m.staysSo(QOS_MS, { [b.name]: { [b.name]: 'Waiting' } });
      brittle.of(p).repair();
      await m.expect(QOS_MS, { [b.name]: { [b.name]: 'Primary' } });
      await m.history.more(20);
      expect(await m.settle()).toBe(b);
    });
  },
  brittleDiskRefused,
);
