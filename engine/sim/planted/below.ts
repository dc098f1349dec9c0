import type { PlantedFault } from './kinds.ts';

/* Faults below the decisions: what carries them out, the channel, the journal, the databases, replies to clients. */

const gate = 'engine/journal/writer.ts';

export const carryingOut: readonly PlantedFault[] = [
  {
    name: 'unrecorded-goes-on',
    first: 'a primary that cannot record',
    rule: 'what stands behind a record happens only when it is durable',
    edits: [{ file: 'engine/mirror/mirror.ts', find: `      if (!bestEffort) throw error;\n`, replace: '' }],
  },
  {
    name: 'missing-not-fetched',
    first: 'kept run 28',
    rule: 'missing journal is fetched before the member is primary (R1)',
    edits: [
      {
        file: 'engine/mirror/becoming.ts',
        find: `  if (right.by === 'grant' && right.journal !== null) await fetchMissing(mirror, right.from, right.journal);\n`,
        replace: '',
      },
    ],
  },
  {
    name: 'applies-before-the-epoch',
    first: 'kept run 3068',
    rule: 'the new epoch is durable before anything past the known durable position is applied',
    edits: [
      { file: 'engine/mirror/becoming.ts', find: `  host.applyTo(inherited);\n  await`, replace: `  await` },
      {
        file: 'engine/mirror/becoming.ts',
        find: `  const writer = await mirror.journal.write(epoch);\n`,
        replace: `  host.applyTo(inherited);\n  await host.inherit(inherited);\n  const writer = await mirror.journal.write(epoch);\n`,
      },
    ],
  },
  {
    name: 'opens-without-the-inheritance',
    first: 'R6',
    rule: 'everything inherited is in the databases, or read over them, before users are let in',
    edits: [{ file: 'engine/instance/store/feed.ts', find: `    if (inheritance !== null) this.#takeOn(inheritance);\n`, replace: `` }],
  },
  {
    name: 'open-transactions-stay',
    first: 'R1:',
    rule: 'open transactions are rolled back in the new epoch',
    edits: [{ file: 'engine/mirror/becoming.ts', find: `  host.rollBackOpen();\n`, replace: `` }],
  },
  {
    name: 'stale-reads',
    first: 'a primary that is cut off answers',
    rule: 'durable reads only within Q/2 of a message that B has echoed (R5)',
    edits: [
      { file: 'engine/instance/member/host.ts', find: `mayRead: () => this.#mirror?.mayRead() ?? true,`, replace: `mayRead: () => true,` },
    ],
  },
  {
    name: 'reads-of-a-former-primary',
    first: 'seeds',
    rule: 'who has yielded, or was followed, answers no durable reads',
    edits: [
      {
        file: 'engine/mirror/reading.ts',
        find: `  if (role.is === 'yielded' || role.is === 'down') return false;\n`,
        replace: '',
      },
    ],
  },
  {
    name: 'reads-checked-too-early',
    first: 'a primary that is cut off answers',
    rule: 'the read rule is checked before the reply',
    edits: [
      {
        file: 'engine/superserver/held-replies.ts',
        find: `      if (this.#reads[this.#head] === true && !mayRead()) break;\n`,
        replace: '',
      },
    ],
  },
  {
    name: 'acknowledged-at-once',
    first: 'R7',
    rule: 'OK only when it is durable: also not when the client gives up (R9)',
    edits: [
      {
        file: 'engine/superserver/held-replies.ts',
        find: `      if ((this.#tickets[this.#head] ?? 0) > durable) break;\n`,
        replace: '',
      },
    ],
  },
  {
    name: 'error-told-as-success',
    first: 'R12',
    rule: 'a reply that waits is not sent when its primary ends (R14)',
    edits: [{ file: 'engine/instance/member/host.ts', find: `    this.#options.resetClients(why);\n`, replace: '' }],
  },
  {
    name: 'silence-is-no-loss',
    first: 'R10',
    rule: 'silence for a time in [Q/2, Q] is a loss',
    edits: [{ file: 'engine/mirror/peer-link.ts', find: `if (now - this.channel.lastHeardAt > qosMs * 0.75)`, replace: `if (now < 0)` }],
  },
  {
    name: 'unacknowledged-is-no-loss',
    first: 'a backup that acknowledges',
    rule: 'a block unacknowledged for Q is a loss even while heartbeats flow',
    edits: [
      {
        file: 'engine/mirror/peer-link.ts',
        find: `    if (stalledSince !== null && now - stalledSince > qosMs)\n`,
        replace: `    if (stalledSince !== null && now < 0)\n`,
      },
    ],
  },
  {
    name: 'forces-down-without-proof',
    first: 'an instance that operates',
    rule: 'the agent forces down only with proof',
    edits: [
      {
        file: 'engine/agent/answers.ts',
        find: `  if (state === 'hung') return true;\n`,
        replace: `  if (state !== 'down') return true;\n`,
      },
    ],
  },
];

export const journalAndDatabases: readonly PlantedFault[] = [
  {
    name: 'durable-without-backup',
    first: 'R7',
    rule: "durable needs the backup's acknowledgement during a period (R6)",
    edits: [
      { file: gate, find: `(this.#gate === 'remote' && comparePositions(this.#remote, end) >= 0)`, replace: `this.#gate === 'remote'` },
    ],
  },
  {
    name: 'durable-before-sync',
    first: 'the power of both hosts',
    rule: 'durable needs the local sync (R6)',
    edits: [
      {
        file: gate,
        find: `if (block === null || !block.isWritten || this.#error !== null`,
        replace: `if (block === null || this.#error !== null`,
      },
    ],
  },
  {
    name: 'failed-write-is-durable',
    first: 'seeds',
    rule: 'a block whose write or sync failed is not durable (R6)',
    edits: [{ file: gate, find: `        if (error !== null) return this.#fail(error);\n        inFlight`, replace: `        inFlight` }],
  },
  {
    name: 'acknowledged-unwritten',
    first: 'R11',
    rule: 'B acknowledges once the block is in its journal file (R2)',
    edits: [
      {
        file: 'engine/mirror/peers.ts',
        find: `    try {\n      const end = receiver.append(content);\n`,
        replace: `    link.channel.send(positionFrame(kinds.ack, durable.file > 0 ? { ...durable, offset: durable.offset + content.length } : durable));\n    try {\n      const end = receiver.append(content);\n`,
      },
    ],
  },
  {
    name: 'applies-undurable',
    first: 'R4',
    rule: 'a backup applies only what is durable in the mirror',
    edits: [
      {
        file: 'engine/mirror/peers.ts',
        find: `comparePositions(this.#knownDurable, receiver.synced) < 0 ? this.#knownDurable : receiver.synced`,
        replace: `receiver.end.position`,
      },
    ],
  },
  {
    name: 'tells-undurable',
    first: 'kept run 24',
    rule: 'what the primary calls durable is durable',
    edits: [
      {
        file: 'engine/mirror/sender.ts',
        find: `this.#outlet.send(this.#writer.durable, bytes);`,
        replace: `this.#outlet.send(end, bytes);`,
      },
    ],
  },
  {
    name: 'primary-applies-undurable',
    first: 'R7',
    rule: "a primary's database never contains an update past the durable position",
    edits: [
      {
        file: 'engine/instance/store/feed.ts',
        find: `      writer.onDurable((position, ticket) => {\n`,
        replace: `      writer.onWritten((position, ticket = 0) => {\n`,
      },
    ],
  },
  {
    name: 'skips-at-a-file-switch',
    first: 'R4',
    rule: 'a reconnect at a file switch loses nothing (R4)',
    edits: [
      {
        file: 'engine/mirror/peers.ts',
        find: `from: from.file === 0 ? { file: first, offset: 0 } : from,`,
        replace: `from: from.file === 0 ? { file: first, offset: 0 } : from.file < writer.end.file ? { file: from.file + 1, offset: 0 } : from,`,
      },
    ],
  },
  {
    name: 'keeps-a-diverged-tail',
    first: 'R11',
    rule: 'a tail off the lineage is dropped before a member follows (R12)',
    edits: [
      {
        file: 'engine/mirror/member-journal.ts',
        find: `      case 'same':\n      case 'prefix':\n        return [];`,
        replace: `      case 'same':\n      case 'prefix':\n      case 'forked':\n        return [];`,
      },
    ],
  },
  {
    name: 'lineage-without-ends',
    first: 'R7',
    rule: 'a lineage holds where each epoch ended, with its chain',
    edits: [
      {
        file: 'engine/journal/lineage.ts',
        find: `  if (endA.isLast && order <= 0) return { kind: 'prefix' };\n`,
        replace: `  if (endA.isLast) return { kind: 'prefix' };\n`,
      },
    ],
  },
  {
    name: 'tail-not-kept',
    first: 'R11',
    rule: 'a dropped tail goes to a side file (R11)',
    edits: [
      { file: 'engine/journal/tail.ts', find: `  files.copy(path, path + suffix);\n`, replace: '' },
      {
        file: 'engine/journal/tail.ts',
        find: `files.rename(join(place, name), join(place, name + plan.suffix));`,
        replace: `files.remove(join(place, name));`,
      },
    ],
  },
  {
    name: 'unsynced-kept-after-an-error',
    first: 'kept run 2251',
    rule: 'after a disk error nothing unsynced is built upon',
    edits: [
      {
        file: 'engine/mirror/member-journal.ts',
        find: `    if (receiver !== null && error !== null) {\n      this.#unsureFrom = receiver.synced;\n`,
        replace: `    if (receiver !== null && error !== null) {\n`,
      },
      {
        file: 'engine/journal/journal.ts',
        find: `      if (this.#unsureFrom !== null) rewrite(file, this.#unsureFrom, this.end.position.offset);\n`,
        replace: '',
      },
    ],
  },
];
