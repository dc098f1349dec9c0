import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { encodeKey } from '../../globals/index.ts';
import { realIo } from '../../io/index.ts';
import type { JournalUpdate } from '../../journal/index.ts';
import { DejournalFilter } from './index.ts';

let directory: string;
let logged: string[];
let opened: DejournalFilter[];

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-filter-'));
  logged = [];
  opened = [];
});
afterEach(() => {
  for (const filter of opened) filter.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

async function open(text: string, limits: { askMs?: number; loadMs?: number } = {}): Promise<DejournalFilter> {
  const file = path.join(directory, 'filter.mjs');
  fs.writeFileSync(file, text);
  const filter = await DejournalFilter.open({
    file,
    identity: { mirror: 'TEST', member: 'HOST_C', instance: 'C' },
    io: realIo,
    log: (severity, line) => logged.push(`${severity} ${line}`),
    ...limits,
  });
  opened.push(filter);
  return filter;
}

const answering = (body: string): string => `export class DejournalFilter { applies(update) { ${body} } }`;

function update(global: string, change: Partial<JournalUpdate> = {}): JournalUpdate {
  const at = { file: 3, offset: 4096 };
  return {
    name: 'DB',
    guid: 'g',
    key: encodeKey(global, ['1', 'bal']),
    value: 'v',
    transaction: 7,
    compensation: false,
    at,
    timeMs: 5,
    ...change,
  };
}

it('is told what an update is, and says which are left out', async () => {
  const filter = await open(`export class DejournalFilter {
    constructor({ mirror, member, instance, log }) { this.log = log; log([mirror, member, instance].join(' ')); }
    applies(update) { this.log(JSON.stringify(update)); return update.kind === 'set'; }
  }`);
  const killed = update('b', { name: 'RO', value: undefined, transaction: 0, compensation: true });
  expect(await filter.ask([update('a'), killed], ['DB'])).toEqual(new Set([1]));
  const common = { subscripts: ['1', 'bal'], file: 3, offset: 4096, time: 5 };
  expect(logged[0]).toBe('0 [HOOK] DejournalFilter: TEST HOST_C C');
  expect(logged.slice(1).map((line) => JSON.parse(line.slice(line.indexOf('{'))) as unknown)).toEqual([
    { ...common, database: 'DB', readWrite: true, kind: 'set', global: 'a', value: 'v', transaction: 7, compensation: false },
    { ...common, database: 'RO', readWrite: false, kind: 'kill', global: 'b', transaction: 0, compensation: true },
  ]);
  expect(filter.figures).toMatchObject({ records: 2, refused: 1 });
  expect(filter.figures.ms).toBeGreaterThan(0);
});

it('the sample leaves temporary globals out', async () => {
  const filter = await open(fs.readFileSync(new URL('../../../resources/hooks/DejournalFilter.mjs', import.meta.url), 'utf8'));
  expect(await filter.ask([update('acct'), update('tmp'), update('tmpx', { name: 'RO' })], ['DB'])).toEqual(new Set([1]));
});

it.each([
  ['is not there', null, 'ERR_MODULE_NOT_FOUND|Cannot find module'],
  ['cannot be parsed', 'export class {', 'SyntaxError'],
  ['throws at once', 'throw new Error("no disk");', 'no disk'],
  ['exports no such class', 'export const other = 1;', 'no class DejournalFilter'],
  ['has no such method', 'export class DejournalFilter {}', 'no method applies'],
  ['throws when it is made', 'export class DejournalFilter { constructor() { throw new Error("no license"); } }', 'no license'],
  ['ends its thread', 'process.exit(3);', 'code 3'],
])('a file that %s is refused', async (_, text, why) => {
  const made = text === null ? open(`import './none.mjs';`) : open(text);
  await expect(made).rejects.toMatchObject({ code: 'REFUSED', what: expect.stringMatching(why) });
});

it('a file that never comes to an end is refused when its time is over', async () => {
  await expect(open('for (;;);', { loadMs: 300 })).rejects.toMatchObject({ what: expect.stringContaining('within 0.3 seconds') });
});

it.each([
  ['throws', 'throw new Error("not a number");', 'not a number'],
  ['returns nothing', '', 'undefined'],
  ['returns a promise', 'return Promise.resolve(true);', 'Promise'],
  ['returns 1', 'return 1;', 'answered 1'],
  ['ends its thread', 'process.exit(4);', 'code 4'],
  [
    'throws later',
    'setTimeout(() => { throw new Error("late"); }, 1); for (const end = Date.now() + 50; Date.now() < end;); return true;',
    null,
  ],
  ['eats memory', 'const all = []; for (;;) all.push(new Array(10000).fill(1));', 'memory'],
])('one that %s gives no answer any more, and says why', async (_, body, why) => {
  const filter = await open(answering(body));
  // Its answer and its end come by ways of their own: either may be first.
  if (why === null) await filter.ask([update('a')], ['DB']).catch(() => undefined);
  else await expect(filter.ask([update('a')], ['DB'])).rejects.toMatchObject({ what: expect.stringContaining(why) });
  await expect
    .poll(
      () =>
        filter.ask([update('a')], ['DB']).then(
          () => 'answered',
          () => 'none',
        ),
      { timeout: 10_000 },
    )
    .toBe('none');
});

it('one that never comes back is ended when its time is over, and this thread goes on meanwhile', async () => {
  const filter = await open(answering('for (;;);'), { askMs: 300 });
  let turns = 0;
  const counting = setInterval(() => turns++, 5);
  await expect(filter.ask([update('a')], ['DB'])).rejects.toMatchObject({ what: expect.stringContaining('within 0.3 seconds') });
  clearInterval(counting);
  expect(turns).toBeGreaterThan(3);
});
