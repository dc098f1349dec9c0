import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startRig, until } from './test-support.ts';

const references = fc.constantFrom('^a', '^a(1)', '^a("x",2)', '^a("")', '^b(', '^', '^|"OTHER"|a', '^a(1,"\xff\x00")');
const texts = fc.oneof(references, fc.constantFrom('1', '-1', '0', 'S', 'X', 'k', '', 'NX', 'COUNT', 'CURSOR', '10', 'async', 'GET'));
const names = fc.constantFrom(
  ...'GSET GGET GKILL GZKILL GDATA GORDER GQUERY GINCR GMERGE GSCAN GUNLOCK TSTART TCOMMIT TROLLBACK TLEVEL JSYNC'.split(' '),
  ...'SELECT NAMESPACE GET SET MGET MSET DEL EXISTS INCR INCRBY APPEND STRLEN SCAN DBSIZE MULTI EXEC DISCARD WATCH UNWATCH GWATCH'.split(
    ' ',
  ),
  ...'PING ECHO INFO ROLE CLIENT COMMAND CONFIG HELLO AUTH RESET nonsense'.split(' '),
);
const command = fc
  .tuple(names, fc.array(texts, { maxLength: 4 }))
  .map(([name, args]) => [name, ...args])
  .map((args) => `*${args.length}\r\n${args.map((a) => `$${a.length}\r\n${a}\r\n`).join('')}`);
const stream = fc.array(command, { minLength: 1, maxLength: 25 });

test('any commands with any arguments get exactly one reply each and break nothing', async () => {
  const rig = await startRig();
  await fc.assert(
    fc.asyncProperty(stream, async (commands) => {
      const client = await rig.connect();
      client.send(commands.join(''));
      client.command('RESET');
      client.command('ECHO', 'the end');
      await until(() => client.received.endsWith('+RESET\r\n$7\r\nthe end\r\n') || client.ended);
      expect(client.ended).toBe(false);
      expect(client.received.endsWith('+RESET\r\n$7\r\nthe end\r\n')).toBe(true);
      expect(topLevelReplies(client.received)).toBe(commands.length + 2);
      client.socket.destroy();
    }),
    { numRuns: 150 },
  );
  await until(() => rig.executor.sessions.size === 0);
  expect(rig.superserver.memory).toEqual({ input: 0, output: 0 });
  expect(rig.locks.heldCount).toBe(0);
  expect(rig.log.filter((line) => !line.startsWith('0 '))).toEqual([]);
});

test('damaged streams end in errors; the others are served on', async () => {
  const rig = await startRig();
  const damage = fc.array(fc.tuple(fc.nat(3000), fc.nat(255)), { minLength: 1, maxLength: 5 });
  const witness = await rig.connect();
  await fc.assert(
    fc.asyncProperty(stream, damage, async (commands, places) => {
      const bytes = Buffer.from(commands.join(''), 'latin1');
      for (const [at, value] of places) bytes[at % bytes.length] = value;
      const client = await rig.connect();
      client.socket.end(bytes);
      witness.say('PING');
      await witness.hears('+PONG');
      await client.ends();
    }),
    { numRuns: 150 },
  );
  witness.socket.destroy();
  await until(() => rig.executor.sessions.size === 0);
  expect(rig.superserver.memory).toEqual({ input: 0, output: 0 });
  expect(rig.log.filter((line) => !line.startsWith('0 '))).toEqual([]);
});

/** Counts the replies in RESP2 or RESP3 bytes; fails when they are not well formed. */
function topLevelReplies(wire: string): number {
  let at = 0;
  const one = (): void => {
    const end = wire.indexOf('\r\n', at);
    expect(end).toBeGreaterThan(at);
    const type = wire[at] ?? '';
    const size = Number(wire.slice(at + 1, end));
    at = end + 2;
    if ('+-:_'.includes(type)) return;
    expect('$=*%').toContain(type);
    if (type === '$' || type === '=') {
      at += size < 0 ? 0 : size + 2;
      return;
    }
    for (let left = type === '%' ? size * 2 : size; left > 0; left--) one();
  };
  let count = 0;
  for (; at < wire.length; count++) one();
  return count;
}
