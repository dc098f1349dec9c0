import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { claim, portOfTest } from './ports.ts';

it('a port is given to one test at a time, and again when its process has ended', async () => {
  const port = await portOfTest();
  expect(claim(port)).toBe(false);
  const elsewhere = (wanted: number, end = ''): string => {
    const code = `import { claim } from ${JSON.stringify(new URL('./ports.ts', import.meta.url).href)};
      console.log(claim(${wanted})); ${end}`;
    return spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stdout.trim();
  };
  expect(elsewhere(port)).toBe('false');
  // Never free ports of this computer: nobody else is given them. One process ends in order, the other is killed.
  const [ended, killed] = [100_000 + process.pid, 10_000_000 + process.pid];
  expect(elsewhere(ended)).toBe('true');
  expect(claim(ended)).toBe(true);
  expect(elsewhere(killed, `process.kill(process.pid, 'SIGKILL');`)).toBe('true');
  expect([claim(killed), claim(killed)]).toEqual([false, true]);
});
