import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OutageMirror } from './mirror.ts';
import { networksRefused } from './network.ts';

/** Section "Mirror Response to Various Outage Scenarios": outages of the primary, by their numbers there. */

const QOS_MS = 1500;
const refused = networksRefused();

let made: OutageMirror | null = null;

async function removeMirror(): Promise<void> {
  await made?.remove();
  made = null;
}

describe.skipIf(refused !== null)(`outage of the primary${refused === null ? '' : ` (skipped: ${refused})`}`, () => {
  beforeEach(async () => {
    made ??= await OutageMirror.make({ qosMs: QOS_MS });
  });
  // What a scenario that failed leaves behind is no beginning for the next one.
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await removeMirror();
  });
  afterAll(removeMirror);

  it('3: killed: the active backup takes over', async () => {
    const m = made as OutageMirror;
    await m.ready(m.a);
    await m.begin();
    await m.a.kill();
    await m.expect(QOS_MS, { B: { A: 'Down', B: 'Primary' } });
    await m.writesGoOn(QOS_MS);
    expect(await m.settle()).toBe(m.b);
  });

  it('5: host', async () => {
    const m = made as OutageMirror;
    await m.begin();
    await m.hostFails(m.b);
    await m.expect(QOS_MS, { A: { A: 'Primary', B: 'Down' } });
    await m.writesGoOn(QOS_MS);
    expect(await m.settle()).toBe(m.a);
  });
});
