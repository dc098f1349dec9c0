import { connectAgent } from '../engine/agent/start.ts';
import { GemelError } from '../engine/api/errors.ts';

/** Stops the agent of the host root `home` and waits until it is gone; fine when there is none. */
export async function stopAgent(home: string): Promise<void> {
  try {
    const agent = await connectAgent(home);
    const gone = new Promise<void>((resolve) => agent.onClose(resolve));
    await agent.call('agent.stop', {});
    await gone;
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'NOT_RUNNING') throw error;
  }
}
