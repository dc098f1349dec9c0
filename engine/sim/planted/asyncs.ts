import type { PlantedFault } from './kinds.ts';

/* Rules that asyncs are followed by and that they follow. */

const member = 'engine/mirror/asyncs/async-member.ts';

export const asyncs: readonly PlantedFault[] = [
  {
    name: 'async-sent-before-durable',
    first: 'R15',
    rule: 'asyncs are sent durable blocks only',
    edits: [
      {
        file: 'engine/mirror/asyncs/durable-feed.ts',
        find: `    const { durable } = this.writer;\n`,
        replace: `    const durable = this.writer.end;\n`,
      },
    ],
  },
  {
    name: 'async-stays-with-trouble',
    first: 'an async that follows a primary in trouble',
    rule: 'an async looks for another primary when the one it follows stays in trouble',
    edits: [
      {
        file: 'engine/mirror/asyncs/following.ts',
        find: `    if (link.troubleSince === null || now - link.troubleSince < 2 * qosMs) return;\n`,
        replace: `    return;\n`,
      },
    ],
  },
  {
    name: 'async-applies-unsynced',
    first: 'the databases of an async',
    rule: 'an async dejournals only what is synced in its own journal',
    edits: [
      {
        file: 'engine/mirror/asyncs/dejournaler.ts',
        find: `    const to = comparePositions(this.known, receiver.synced) < 0 ? this.known : receiver.synced;\n`,
        replace: `    const to = this.known;\n`,
      },
    ],
  },
  {
    name: 'async-starts-unrecorded',
    first: 'mirroring that could not be recorded',
    rule: 'that mirroring is started or stopped counts only once it is durable',
    edits: [
      {
        file: member,
        find: `    this.#save({ durable });\n    this.#durable = durable;\n`,
        replace: `    this.#durable = durable;\n    this.#save();\n`,
      },
    ],
  },
];
