import { expect, test } from 'vitest';
import { table } from './table.ts';

test('the table in the repository is what the rules state (written anew with `vitest -u`)', async () => {
  await expect(table()).toMatchFileSnapshot('./outages.md');
});
