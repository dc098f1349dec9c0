import { GemelError } from '../api/errors.ts';
import { RawReader, type Journal, type Position } from '../journal/index.ts';
import { AgentRequest, type AgentReply } from './agent-protocol.ts';
import { decodeControl, journalFrame, kinds, type Channel } from './wire.ts';

const PIECE = 512 * 1024;

/** Sends a journal that nobody writes: its reach, then, from where the other side wants it, all of it. */
export function serveJournal(channel: Channel, journal: Pick<Journal, 'files' | 'lineage' | 'end'>): void {
  const { files, lineage, end } = journal;
  channel.onFrame = (kind, payload) => {
    const from = kind === kinds.control ? AgentRequest.safeParse(decodeControl(payload)) : null;
    if (from?.data?.t !== 'fetch-from') return;
    const first = { file: files.first?.number ?? 1, offset: 0 };
    const wanted = from.data.from;
    sendPieces(channel, new RawReader(files, wanted.file === 0 ? first : wanted), end.position);
  };
  channel.control({ t: 'reach', reach: { lineage, end } } satisfies AgentReply);
}

/** What is not there any more, or cannot be read, is said to who asks, and harms nobody here. */
function sendPieces(channel: Channel, reader: RawReader, end: Position): void {
  try {
    sendAll(channel, reader, end);
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    reader.close();
    channel.control({ t: 'error', code: error.code, what: error.what, safe: error.safe, todo: error.todo } satisfies AgentReply);
  }
}

function sendAll(channel: Channel, reader: RawReader, end: Position): void {
  for (;;) {
    if (channel.closed) return reader.close();
    const piece = reader.next(end, PIECE);
    if (piece === null) break;
    if (channel.send(journalFrame(kinds.block, end, piece.bytes))) continue;
    channel.connection.onDrain = () => {
      channel.connection.onDrain = () => undefined;
      sendPieces(channel, reader, end);
    };
    return;
  }
  reader.close();
  channel.control({ t: 'fetch-end' } satisfies AgentReply);
}
