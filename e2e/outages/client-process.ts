import { setTimeout as delay } from 'node:timers/promises';
import { GemelError } from '../../engine/api/errors.ts';
import { RespClient, RespError, type RespValue } from '../../engine/cli/resp-client.ts';
import { LOST, type FromClient, type Read, type ToClient, type Write } from './client-messages.ts';

/**
 * `client-process.ts NAME ADDRESS PORT`: an application on a member's host. It writes nodes that nobody else writes, a register
 * that all clients write, and reads the register, again and again and whatever it is answered; the test hears of each.
 */

const WRITERS = 2;
const PAUSE_MS = 4;
const AGAIN_MS = 20;
const TELL_MS = 20;
const PAGE = 100_000;
const BULK_BYTES = 256 * 1024;
const BULKS = 64;
const REGISTER = '^|"DB"|register';

const [name = '', address = '', port = ''] = process.argv.slice(2);

let writing = false;
let next = 0;
let busy: Promise<unknown> = Promise.resolve();
let writes: Write[] = [];
let reads: Read[] = [];

function tell(message: FromClient): void {
  process.send?.(message);
}

function tellSeen(): void {
  if (writes.length + reads.length === 0) return;
  tell({ t: 'seen', writes, reads });
  writes = [];
  reads = [];
}

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Works over one connection after the other until told to pause. */
async function overConnections(work: (client: RespClient) => Promise<void>): Promise<void> {
  while (writing) {
    try {
      const client = await RespClient.connect(address, Number(port));
      try {
        await work(client);
      } finally {
        client.close();
      }
    } catch (error) {
      if (!(error instanceof GemelError || error instanceof RespError)) throw error;
    }
    await delay(AGAIN_MS);
  }
}

/** Throws what the command ended with unless it was OK; either way it is kept. */
async function write(client: RespClient, number: number | null, reference: string, value: (sentAt: number) => string): Promise<void> {
  const sentAt = now();
  const keep = (outcome: string): unknown => writes.push({ number, sentAt, answeredAt: now(), outcome });
  try {
    keep(String(await client.command('GSET', reference, value(sentAt))));
  } catch (error) {
    // An answer may also say that nobody knows.
    keep(error instanceof RespError && !error.sentence.includes('is not known') ? error.code : LOST);
    throw error;
  }
}

async function writeNodes(client: RespClient): Promise<void> {
  while (writing) {
    const number = next;
    next += 1;
    await write(client, number, `^|"DB"|w("${name}",${number})`, () => `of ${name}: ${number}`);
    await delay(PAUSE_MS);
  }
}

async function writeRegister(client: RespClient): Promise<void> {
  while (writing) {
    await write(client, null, REGISTER, String);
    await delay(PAUSE_MS);
  }
}

/** Reads without waiting for answers: those sent while the member stands still are read by it when it goes on. */
async function readRegister(client: RespClient): Promise<void> {
  await client.command('GSET', `^|"DB"|reader("${name}")`, '1');
  let goesOn = true;
  const asked: Promise<void>[] = [];
  const read = async (): Promise<void> => {
    const sentAt = now();
    const value = await client.command('GGET', REGISTER);
    reads.push({ sentAt, answeredAt: now(), value: Number(value ?? 0) });
  };
  while (writing && goesOn) {
    asked.push(
      read().catch((error: unknown) => {
        if (!(error instanceof GemelError || error instanceof RespError)) throw error;
        goesOn = false;
      }),
    );
    await delay(PAUSE_MS * 2);
  }
  await Promise.all(asked);
}

function begin(): void {
  writing = true;
  busy = Promise.all([
    ...Array.from({ length: WRITERS }, () => overConnections(writeNodes)),
    ...[writeRegister, readRegister].map(overConnections),
  ]);
  busy.catch(fail);
}

/** Ends after what is under way has been answered. */
async function pause(): Promise<void> {
  writing = false;
  await busy;
  tellSeen();
  tell({ t: 'idle' });
}

/** References of all nodes that clients have written, with their values. */
async function list(): Promise<void> {
  const nodes: string[] = [];
  const client = await RespClient.connect(address, Number(port));
  try {
    for (let cursor = '0'; ;) {
      const page = await client.command('GSCAN', '^|"DB"|w', 'CURSOR', cursor, 'COUNT', String(PAGE));
      const [after, found]: readonly RespValue[] = Array.isArray(page) ? page : [];
      if (Array.isArray(found)) nodes.push(...found.filter((_, n) => n % 2 === 1).map(String));
      cursor = String(after ?? '0');
      if (cursor === '0') break;
    }
    tell({ t: 'nodes', nodes });
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    tell({ t: 'nodes', nodes: null });
  } finally {
    client.close();
  }
}

/** Writes so much that a disk with little room is full. What becomes of it does not matter. */
async function fill(): Promise<void> {
  const client = await RespClient.connect(address, Number(port));
  const value = 'x'.repeat(BULK_BYTES);
  for (let n = 0; n < BULKS; n += 1) {
    client.command('GSET', `^|"DB"|bulk(${n})`, value).catch((error: unknown) => {
      if (!(error instanceof GemelError || error instanceof RespError)) fail(error);
    });
  }
  tell({ t: 'filled' });
}

const requests = { pause, list, fill };

function fail(error: unknown): void {
  tell({ t: 'failed', why: error instanceof Error ? String(error.stack) : String(error) });
}

process.on('message', (message: ToClient) => {
  if (message.t === 'write') begin();
  else requests[message.t]().catch(fail);
});
process.on('disconnect', () => process.exit());
setInterval(tellSeen, TELL_MS);
