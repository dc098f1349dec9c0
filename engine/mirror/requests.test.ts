import { describe, expect, it } from 'vitest';
import { conditions } from '../api/conditions.ts';
import type { Input } from './failover/index.ts';
import type { Membership } from './membership.ts';
import { Requests } from './requests.ts';

function asked(): { requests: Requests; inputs: Input[]; changes: number[] } {
  const inputs: Input[] = [];
  const changes: number[] = [];
  const changeMembership = (change: (m: Membership) => Membership): void => {
    changes.push(change({ version: 4, qosMs: 1 } as Membership).version);
  };
  return { requests: new Requests({ input: (input) => void inputs.push(input), changeMembership, partner: null }), inputs, changes };
}

describe('requests of people', () => {
  it('are answered each by its own number, a refusal with its condition', async () => {
    const { requests, inputs } = asked();
    const first = requests.ask('try-primary');
    const second = requests.ask('hand-over');
    expect(inputs).toEqual([
      { on: 'request', id: 1, what: 'try-primary' },
      { on: 'request', id: 2, what: 'hand-over' },
    ]);
    requests.answer(2, { code: 'NO_BACKUP', text: 'Nobody.', facts: { epoch: '1.1' } });
    await expect(second).rejects.toMatchObject({
      code: 'REFUSED',
      what: 'Nobody.',
      todo: conditions.NO_BACKUP.todo,
      condition: { code: 'NO_BACKUP', facts: { epoch: '1.1' } },
    });
    requests.answer(1, null);
    await first;
  });

  it('a change is carried out while it is wanted, as a new version', async () => {
    const { requests, changes } = asked();
    const change = requests.changeMembership((m) => ({ ...m, qosMs: 2 }));
    requests.carryOutChange(1);
    requests.answer(1, null);
    await change;
    requests.carryOutChange(1);
    expect(changes).toEqual([5]);
  });

  it('all are answered when the member ends, and those that come later too', async () => {
    const { requests, inputs } = asked();
    const waiting = [requests.changeMembership((m) => m), requests.forcePrimary(true)];
    requests.end();
    for (const each of [...waiting, requests.ask('hand-over')])
      await expect(each).rejects.toMatchObject({ condition: { code: 'STOPPING' } });
    expect(inputs).toHaveLength(2);
  });
});
