import type { Files } from '../../io/index.ts';
import { ApplierServer, type StartApplierThread, type TargetWriter } from '../../journal/index.ts';
import type { SimProcess } from '../io/index.ts';

/** Longest way of a message between threads, and longest start of one, in ms. */
const messageMs = 0.1;
const startMs = 10;

export interface InProcessApplierOptions {
  readonly process: SimProcess;
  readonly files: Files;
  readonly openWriter: (directory: string) => TargetWriter;
}

/** The work of an applier's thread, done in turns of the simulated process; messages take their time and keep their order. */
export function inProcessApplier({ process, files, openWriter }: InProcessApplierOptions): StartApplierThread {
  const { random } = process.host;
  return (data, user) => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    let server: ApplierServer | null = null;
    let isOver = false;
    const finish = (): void => {
      isOver = true;
      end();
    };
    const toThread = ordered(process);
    const toUser = ordered(process);
    const send = (act: () => void): void => toUser(messageMs * random.float(), act);
    toThread(startMs * random.float(), () => {
      try {
        server = new ApplierServer(data, { ...process, files, openWriter, tell: (news) => send(() => user.heard(news)) });
      } catch (error) {
        send(() => {
          user.failed(error instanceof Error ? error : new Error(String(error)));
          finish();
        });
      }
    });
    return {
      post: (command) =>
        toThread(messageMs * random.float(), () => {
          if (server === null || isOver) return;
          server.obey(command);
          if (server.isClosed) send(finish);
        }),
      terminate: finish,
      ended,
    };
  };
}

/** Calls in the order they were asked for, none before its time. */
function ordered(process: SimProcess): (ms: number, act: () => void) => void {
  let last = 0;
  return (ms, act) => {
    last = Math.max(last, process.now + ms);
    process.at(last, act);
  };
}
