import { afterAll, describe, it } from 'vitest';
import { OutageMirror, type OutageOptions } from './mirror.ts';
import { networksRefused } from './network.ts';

const networkRefused = networksRefused();

/** Begins with a primary, its active backup and clients that write, and settles what it has done. */
type Scenario = (name: string, play: (mirror: OutageMirror) => Promise<void>) => void;

/**
 * Scenarios that take over a mirror from one another; as many run side by side as the runner lets, each with a mirror for
 * itself. One that failed leaves none behind. Skipped, with the reason in their name, where this process cannot make networks,
 * or what else they need.
 */
export function outages(
  title: string,
  options: OutageOptions,
  scenarios: (scenario: Scenario) => void,
  refusedToo: () => string | null = () => null,
): void {
  const refused = networkRefused ?? refusedToo();
  const idle: OutageMirror[] = [];
  describe.skipIf(refused !== null)(named(title, refused), () => {
    afterAll(() => Promise.all(idle.splice(0).map((mirror) => mirror.remove())));
    scenarios((name, play) => {
      it.concurrent(name, async () => {
        const mirror = idle.pop() ?? (await OutageMirror.make(options));
        try {
          await play(mirror);
        } catch (error) {
          await mirror.remove();
          throw error;
        }
        idle.push(mirror);
      });
    });
  });
}

/** A scenario that waits more than it works, with a mirror of its own. */
export function alone(title: string, options: OutageOptions, scenario: (mirror: OutageMirror) => Promise<void>): void {
  it.skipIf(networkRefused !== null).concurrent(named(title, networkRefused), async () => {
    const mirror = await OutageMirror.make(options);
    try {
      await scenario(mirror);
    } finally {
      await mirror.remove();
    }
  });
}

function named(title: string, refused: string | null): string {
  return refused === null ? title : `${title} (skipped: ${refused})`;
}
