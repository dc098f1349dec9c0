import { stopAgent as stop } from '../engine/agent/start.ts';
import { GemelError } from '../engine/api/errors.ts';

/** Stops the agent of the host root `home` and waits until its process is gone; fine when there is none. */
export async function stopAgent(home: string): Promise<void> {
  try {
    await stop(home);
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'NOT_RUNNING') throw error;
  }
}
