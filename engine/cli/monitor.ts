import { GemelError } from '../api/errors.ts';
import type { MonitorSnapshot } from '../api/status.ts';
import type { InstanceClient } from './context.ts';
import { monitorText } from './mirror-text.ts';
import type { Terminal } from './output.ts';

export interface MonitorOptions {
  readonly json: boolean;
  /** Shortest time between two pictures. */
  readonly intervalMs: number;
  /** How many pictures; without end when left out. */
  readonly count?: number;
}

const CLEAR_SCREEN = '\u001b[H\u001b[2J';

/** Draws an instance's monitor until `count` pictures are drawn, Ctrl-C, or the instance ends (UNREACHABLE). */
export async function watchMonitor(
  client: InstanceClient,
  terminal: Terminal,
  { json, intervalMs, count = Infinity }: MonitorOptions,
): Promise<void> {
  let drawn = 0;
  let lastAt = -Infinity;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const draw = (snapshot: MonitorSnapshot): void => {
    if (snapshot.at - lastAt < intervalMs || drawn >= count) return;
    lastAt = snapshot.at;
    drawn++;
    if (json) terminal.out(`${JSON.stringify(snapshot)}\n`);
    else terminal.out(`${terminal.interactive ? CLEAR_SCREEN : drawn > 1 ? '\n' : ''}${monitorText(snapshot)}`);
    if (drawn >= count) resolve();
  };
  client.onClose(() =>
    reject(
      new GemelError(
        'UNREACHABLE',
        'The instance has ended or the connection to it was lost.',
        '',
        'Look at its status: gemel instance list',
      ),
    ),
  );
  client.subscribe('monitor', draw, reject);
  const interrupted = (): void => resolve();
  process.once('SIGINT', interrupted);
  try {
    await promise;
  } finally {
    process.off('SIGINT', interrupted);
    client.close();
  }
}
