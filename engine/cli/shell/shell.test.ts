import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import { LockTable } from '../../instance/locks.ts';
import { realClock } from '../../io/index.ts';
import { createSuperserver, type Superserver } from '../../superserver/index.ts';
import { MemoryExecutor } from '../../superserver/memory-executor.ts';
import { converse, Shell } from './shell.ts';

let executor: MemoryExecutor;
let server: Superserver;
let port: number;
let output: string;
let shell: Shell;

beforeEach(async () => {
  executor = new MemoryExecutor();
  server = createSuperserver({ executor, locks: new LockTable(), clock: realClock, log: () => undefined });
  ({ port } = await server.listen('127.0.0.1', 0));
  output = '';
  shell = await open((printed) => (output += printed));
});

afterEach(async () => {
  shell.close();
  await server.close();
});

function open(print: (printed: string) => unknown): Promise<Shell> {
  return Shell.open({ host: '127.0.0.1', port, namespace: 'user' }, print);
}

/** What a line prints; the error as the shell shows it. */
async function run(line: string, on = shell): Promise<string> {
  output = '';
  const { error } = await on.run(line);
  return error === undefined ? output : `${output}<${error.code}> ${error.sentence}`;
}

describe('the shell', () => {
  it('sets and writes globals and variables', async () => {
    expect(shell.prompt).toBe('USER> ');
    expect(await run('Set ^myfirstglobal="congratulations"')).toBe('');
    expect(await run('Write ^myfirstglobal')).toBe('congratulations\n');
    expect(await run('S x=2,(y,^z(x))="añ" W y_^z(2),!,x+1,!')).toBe('añañ\n3\n');
    expect(await run('W $G(^none),$G(^none,"default"),$G(q,5)')).toBe('default5\n');
    expect(await run('Write "a""b",01.50,-3*2,7/2,1=1,2<1,"b">"a",\'5,(1+2)_3')).toBe('a"b1.5-63.5100033\n');
  });

  it('goes through globals', async () => {
    await run('S ^t(1)="one",^t(2,"b")="deep",^t("x")="text",^t=0');
    expect(await run('W $D(^t),!,$D(^t(2)),!,$D(^t(9)),!,$O(^t("")),!,$O(^t(2)),!,$O(^t("x"),-1),!,$Q(^t(1))')).toBe(
      '11\n10\n0\n1\nx\n2\n^t(2,"b")\n',
    );
    expect(await run('ZW ^t')).toBe('^t="0"\n^t(1)="one"\n^t(2,"b")="deep"\n^t("x")="text"\n');
    expect(await run('W 1 ZW ^t(1)')).toBe('1\n^t(1)="one"\n');
    expect(await run('M ^u=^t(2) ZW ^u')).toBe('^u("b")="deep"\n');
    expect(await run('ZK ^t W $D(^t) K ^t W $D(^t)')).toBe('100\n');
    expect(await run('W $I(^n),$I(^n,5),$I(local)')).toBe('161\n');
  });

  it('writes a global of several pages whole', async () => {
    for (let n = 1; n <= 2500; n++) executor.open().set(executor.open().resolve(`^many(${n})`), 'v');
    const lines = (await run('ZW ^many')).trim().split('\n');
    expect(lines).toEqual(Array.from({ length: 2500 }, (_, n) => `^many(${n + 1})="v"`));
  });

  it('has transactions and shows their level', async () => {
    await run('S ^a=1 TS  S ^a=2 TS  S ^a=3');
    expect(shell.prompt).toBe('TL2:USER> ');
    expect(await run('TRO 1 W ^a,$TL')).toBe('21\n');
    expect(await run('TRO  W ^a')).toBe('1\n');
    expect(await run('TS  S ^a=9 TC  W ^a')).toBe('9\n');
    expect(shell.prompt).toBe('USER> ');
  });

  it('locks, and frees what it holds', async () => {
    const other = await open((printed) => (output += printed));
    await run('L +^a(1),+^b');
    expect(await run('L +^a:0 W $T', other)).toBe('0\n');
    expect(await run('L -^a(1)')).toBe('');
    expect(await run('L +^a:0 W $T', other)).toBe('1\n');
    await run('L ^c');
    expect(await run('L +^b:0 W $T', other)).toBe('1\n');
    await run('L');
    expect(await run('L ^c:0 W $T', other)).toBe('1\n');
    other.close();
  });

  it('shows errors by their code, stops the line there and lives on', async () => {
    expect(await run('W 1,^none')).toBe('1\n<UNDEFINED> ^none has no value.');
    expect(await run('W q')).toBe('<UNDEFINED> The variable q has no value.');
    expect(await run('S ^x(""')).toMatch(/^<SYNTAX>/);
    expect(await run('S ^x("")=1')).toMatch(/^<SUBSCRIPT>/);
    expect(await run('W 1/0')).toMatch(/^<DIVIDE>/);
    executor.failure = new GemelError('PROTECT', 'This member is a backup.', 'Nothing was changed.');
    expect(await run('S ^x=1 W "not reached"')).toBe('<PROTECT> This member is a backup. Nothing was changed.');
    executor.failure = undefined;
    expect(await run('W ^none(1,"x")')).toBe('<UNDEFINED> ^none(1,"x") has no value.');
    expect(await run('S ^x=2 W ^x')).toBe('2\n');
  });

  it('says so when the connection is lost', async () => {
    await server.close();
    await expect(shell.run('W ^x')).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(open(() => undefined)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('reads lines until Halt, and tells whether all went well', async () => {
    const input = new PassThrough();
    const screen = new PassThrough();
    const own = await open((printed) => screen.write(printed));
    input.end('S ^a=5\nW ^a\nW ^b\nW 7\nH\nW "after the end"\n');
    expect(await converse(own, input, screen, false)).toBe(false);
    screen.end();
    expect(await text(screen)).toBe('5\n<UNDEFINED>\n^b has no value.\n7\n');
    own.close();
  });
});
