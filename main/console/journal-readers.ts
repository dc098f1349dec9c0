import { GemelError } from '../../engine/api/errors.ts';
import { RecordView } from '../../engine/api/journals.ts';
import type { Clock } from '../../engine/io/clock.ts';
import type { CallParsed, CallResult } from '../contract/index.ts';
import type { HostCommand, Hosts } from '../hosts/index.ts';

const IDLE_MS = 300_000;
const READERS_MAX = 8;
/** Of one reading; nobody looks at so many. */
const RECORDS_MAX = 10_000_000;

interface Reader {
  readonly command: HostCommand;
  timer: { cancel(): void };
}

type Open = CallParsed<'journal.open'>;

/** Pages' readings of journals: each is a command on the instance's host, which goes on only as far as the page takes what it finds. */
export class JournalReaders {
  readonly #hosts: Hosts;
  readonly #clock: Clock;
  readonly #readers = new Map<number, Reader>();
  #last = 0;

  constructor(hosts: Hosts, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
  }

  /** @throws GemelError NOT_FOUND */
  open({ instance, query }: Open): CallResult<'journal.open'> {
    const [host = '', name = ''] = instance.split('/');
    const command = this.#hosts.get(host).run(readArguments(name, query));
    for (const id of [...this.#readers.keys()].slice(0, Math.max(0, this.#readers.size - READERS_MAX + 1))) this.close(id);
    this.#last += 1;
    this.#readers.set(this.#last, { command, timer: this.#idle(this.#last) });
    return { reader: this.#last };
  }

  /** @throws GemelError NOT_FOUND, and what ended the reading */
  async read({ reader, count, waitMs }: CallParsed<'journal.read'>): Promise<CallResult<'journal.read'>> {
    const found = this.#readers.get(reader);
    if (found === undefined)
      throw new GemelError('NOT_FOUND', 'This reading of the journal was given up.', 'Nothing was changed.', 'Begin it again.');
    found.timer.cancel();
    found.timer = this.#idle(reader);
    try {
      const { lines, isAtEnd } = await found.command.next(count, waitMs);
      if (isAtEnd) this.close(reader);
      return { records: lines.map((line) => RecordView.parse(JSON.parse(line))), isAtEnd };
    } catch (error) {
      this.close(reader);
      throw error;
    }
  }

  close(reader: number): void {
    const found = this.#readers.get(reader);
    found?.timer.cancel();
    found?.command.close();
    this.#readers.delete(reader);
  }

  closeAll(): void {
    for (const reader of [...this.#readers.keys()]) this.close(reader);
  }

  #idle(reader: number): { cancel(): void } {
    return this.#clock.timer(IDLE_MS, () => this.close(reader));
  }
}

/** What is given to the command; a value never begins a word of its own, so that none is taken for an option. */
export function readArguments(instance: string, query: Open['query']): string[] {
  const count = `--count=${RECORDS_MAX}`;
  if (query.kind === 'file') return ['journal', 'show', '--json', count, `--from=${query.offset}`, '--', instance, query.file];
  const { journal, global, from, to, process, transaction, database } = query;
  const values = {
    mirror: journal ?? undefined,
    global,
    from: from === undefined ? undefined : new Date(from).toISOString(),
    to: to === undefined ? undefined : new Date(to).toISOString(),
    process,
    transaction,
    database,
  };
  const options = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  return ['journal', 'search', '--json', count, ...(journal === null ? ['--local'] : []), ...options, '--', instance];
}
