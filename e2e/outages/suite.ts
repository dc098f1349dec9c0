import { afterAll, afterEach, beforeEach, describe, it } from 'vitest';
import { OutageMirror, type OutageOptions } from './mirror.ts';
import { networksRefused } from './network.ts';

const networkRefused = networksRefused();

/**
 * Scenarios that share one mirror; each begins with a primary, its active backup and clients that write, and settles what it
 * has done. After one that failed the next begins with a new mirror. Skipped, with the reason in its name, where this process
 * cannot make networks, or what else they need.
 */
export function outages(
  title: string,
  options: OutageOptions,
  scenarios: (mirror: () => OutageMirror) => void,
  refusedToo: () => string | null = () => null,
): void {
  const refused = networkRefused ?? refusedToo();
  let made: OutageMirror | null = null;
  const remove = async (): Promise<void> => {
    const mirror = made;
    made = null;
    await mirror?.remove();
  };
  describe.skipIf(refused !== null)(named(title, refused), () => {
    beforeEach(async () => {
      made ??= await OutageMirror.make(options);
    });
    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail') await remove();
    });
    afterAll(remove);
    scenarios(() => {
      if (made === null) throw new Error('there is no mirror');
      return made;
    });
  });
}

/** A scenario that waits more than it works, with a mirror of its own: all of a file run at once. */
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
