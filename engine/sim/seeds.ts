import { ways, type Fault, type Way } from './faults/kinds.ts';
import { keptRoleRuns } from './seeds-roles.ts';
import type { WorldProfile } from './world/world.ts';

/**
 * Runs that once failed, or that show something worth keeping; they run with every test. What they drew is written down:
 * another way of drawing must not change them.
 */
export interface KeptRun {
  readonly seed: number;
  readonly why: string;
  readonly world: WorldProfile;
  readonly faults: readonly Fault[];
}

const on = (list: string): Way[] => ways.filter((way) => list.split(', ').includes(way));

export const keptRuns: readonly KeptRun[] = [
  {
    seed: 25,
    why: 'A link that had been silent for long when it was made was lost before anybody had it (a slow disk while journals were aligned).',
    world: { qosMs: 1000, faultsMs: 15497, arbiter: false, clients: 3, thinkMs: 256.62912640254945 },
    faults: [
      { kind: 'disk-slow', at: 809, host: 'B', ms: 1287, upToMs: 22573 },
      { kind: 'power-cut', at: 1717, host: 'primary', ms: 4355 },
      { kind: 'pause', at: 3151, host: 'A', ms: 1914 },
      { kind: 'pause', at: 3157, host: 'primary', ms: 5972 },
    ],
  },
  {
    seed: 8,
    why: 'A restarted member, killed and paused primaries, a sync that failed: three changes of the primary with clients following.',
    world: { qosMs: 2000, faultsMs: 25788, arbiter: true, clients: 2, thinkMs: 213.76829063519835 },
    faults: [
      { kind: 'sync-fails', at: 1303, host: 'A' },
      { kind: 'pause-agent', at: 1324, host: 'primary', ms: 9964 },
      { kind: 'kill', at: 1331, host: 'B', ms: 9309 },
      { kind: 'kill', at: 1360, host: 'A', ms: 9170 },
      { kind: 'kill', at: 3069, host: 'primary', ms: 4527 },
      { kind: 'kill', at: 5461, host: 'A', ms: 10052 },
      { kind: 'kill', at: 7081, host: 'B', ms: 651 },
      { kind: 'pause', at: 10650, host: 'primary', ms: 5293 },
    ],
  },
  {
    seed: 9,
    why: "A full disk under the mirror's durable record ends the instance; the other member takes over.",
    world: { qosMs: 1000, faultsMs: 14479, arbiter: true, clients: 2, thinkMs: 195.43962636962533 },
    faults: [
      { kind: 'disk-full', at: 315, host: 'A', ms: 918 },
      { kind: 'pause-host', at: 355, host: 'B', ms: 4778 },
      { kind: 'flap', at: 723, ms: 1014, ways: on('B>A agent-of-A, A>B agent-of-A'), everyMs: 1034 },
      { kind: 'disk-full', at: 742, host: 'A', ms: 515 },
      { kind: 'kill-inside', at: 2117, host: 'B', operations: 5 },
      { kind: 'pause-host', at: 3257, host: 'A', ms: 576 },
      {
        kind: 'cut',
        at: 5603,
        ms: 3993,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, B>R arbiter, R>B arbiter, C>B client, B>C client',
        ),
      },
      { kind: 'pause-host', at: 6071, host: 'A', ms: 1962 },
      { kind: 'pause-host', at: 6647, host: 'primary', ms: 387 },
      { kind: 'pause-arbiter', at: 6919, ms: 188 },
      {
        kind: 'flap',
        at: 8843,
        ms: 578,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, A>R arbiter, R>A arbiter, C>A client, A>C client',
        ),
        everyMs: 434,
      },
      { kind: 'kill-inside', at: 10591, host: 'B', operations: 1 },
    ],
  },
  {
    seed: 24,
    why: 'A backup whose disk had failed once refused everything until it was restarted.',
    world: { qosMs: 8000, faultsMs: 71004, arbiter: true, clients: 3, thinkMs: 2482.560497894883 },
    faults: [
      { kind: 'kill-arbiter', at: 875, ms: 10878 },
      { kind: 'sync-fails', at: 6798, host: 'B' },
      { kind: 'disk-slow', at: 12111, host: 'A', ms: 37801, upToMs: 7697 },
      { kind: 'kill-agent', at: 26519, host: 'B', ms: 1211 },
      {
        kind: 'flap',
        at: 37492,
        ms: 46634,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, A>R arbiter, R>A arbiter, C>A client, A>C client',
        ),
        everyMs: 4594,
      },
      { kind: 'kill-inside', at: 37515, host: 'primary', operations: 30 },
      { kind: 'kill-agent', at: 43654, host: 'primary', ms: 1038 },
      { kind: 'kill-arbiter', at: 43664, ms: 816 },
      { kind: 'disk-slow', at: 52459, host: 'A', ms: 28717, upToMs: 25363 },
      { kind: 'kill', at: 60354, host: 'primary', ms: 15271 },
    ],
  },
  {
    seed: 2251,
    why: 'After a failed sync the next one succeeded, and a power cut left a hole in the journal.',
    world: { qosMs: 8000, faultsMs: 195195, arbiter: false, clients: 3, thinkMs: 4551.243163831532 },
    faults: [
      { kind: 'sync-fails', at: 1096, host: 'primary' },
      { kind: 'pause-agent', at: 3280, host: 'A', ms: 12405 },
      { kind: 'power-cut', at: 13381, host: 'primary', ms: 20951 },
      { kind: 'kill-inside', at: 33872, host: 'primary', operations: 40 },
      { kind: 'kill-inside', at: 36697, host: 'primary', operations: 17 },
      { kind: 'pause-host', at: 63426, host: 'B', ms: 28510 },
      { kind: 'power-cut', at: 63448, host: 'primary', ms: 1509 },
      { kind: 'disk-full', at: 83469, host: 'primary', ms: 35870 },
      { kind: 'power-cut', at: 83500, host: 'B', ms: 763 },
      { kind: 'kill-inside', at: 83521, host: 'B', operations: 20 },
    ],
  },
  {
    seed: 2346,
    why: 'The same on both members at once.',
    world: { qosMs: 1000, faultsMs: 11381, arbiter: true, clients: 3, thinkMs: 132.45523653458804 },
    faults: [
      { kind: 'kill-agent', at: 915, host: 'A', ms: 4465 },
      { kind: 'sync-fails', at: 2538, host: 'primary' },
      { kind: 'power-cut-both', at: 4233, ms: 166 },
      { kind: 'kill-inside', at: 5012, host: 'primary', operations: 6 },
      { kind: 'reset', at: 5834, ways: on('A>B data, B>A data') },
      { kind: 'reset', at: 6399, ways: on('A>B agent-of-B, B>A agent-of-A, R>A arbiter, C>B client') },
      { kind: 'kill', at: 7582, host: 'A', ms: 761 },
    ],
  },
  {
    seed: 3068,
    why: 'The same with a restart in between.',
    world: { qosMs: 1000, faultsMs: 27162, arbiter: false, clients: 3, thinkMs: 178.09307193383574 },
    faults: [
      { kind: 'power-cut', at: 495, host: 'primary', ms: 1346 },
      { kind: 'power-cut', at: 510, host: 'A', ms: 296 },
      { kind: 'power-cut', at: 514, host: 'primary', ms: 811 },
      { kind: 'power-cut', at: 1857, host: 'B', ms: 1379 },
      { kind: 'sync-fails', at: 3317, host: 'A' },
      { kind: 'power-cut', at: 7741, host: 'A', ms: 365 },
    ],
  },
  {
    seed: 4295,
    why: 'A primary that was followed by another answered a read while its last record could not be written.',
    world: { qosMs: 1000, faultsMs: 16542, arbiter: true, clients: 3, thinkMs: 147.2017404390499 },
    faults: [
      { kind: 'pause', at: 932, host: 'B', ms: 632 },
      {
        kind: 'cut',
        at: 1520,
        ms: 5656,
        ways: on('A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, A>R arbiter, R>A arbiter'),
      },
      { kind: 'pause', at: 1672, host: 'A', ms: 2213 },
      { kind: 'cut', at: 2308, ms: 1772, ways: on('B>A agent-of-B, A>R arbiter') },
      { kind: 'cut', at: 3725, ms: 1505, ways: on('B>A agent-of-A, A>R arbiter, B>R arbiter') },
      { kind: 'pause', at: 4337, host: 'primary', ms: 1617 },
      { kind: 'pause', at: 4357, host: 'primary', ms: 1379 },
      { kind: 'sync-fails', at: 6402, host: 'A' },
    ],
  },
  {
    seed: 12,
    why: 'A disk that takes seconds, twice an arbiter that is gone.',
    world: { qosMs: 8000, faultsMs: 85708, arbiter: true, clients: 2, thinkMs: 1129.88359965384 },
    faults: [
      { kind: 'pause', at: 1933, host: 'B', ms: 3444 },
      { kind: 'power-cut', at: 7602, host: 'primary', ms: 14694 },
      { kind: 'pause', at: 13456, host: 'B', ms: 1878 },
      { kind: 'operator', at: 26493, host: 'primary', act: 'set-no-failover' },
      { kind: 'disk-error', at: 35231, host: 'A', ms: 14955 },
      { kind: 'operator', at: 44097, host: 'B', act: 'set-no-failover' },
      { kind: 'pause-arbiter', at: 44955, ms: 11330 },
      {
        kind: 'reset',
        at: 53248,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, B>R arbiter, R>B arbiter, C>B client, B>C client',
        ),
      },
      { kind: 'kill-inside', at: 57073, host: 'primary', operations: 16 },
      { kind: 'kill-arbiter', at: 57081, ms: 12554 },
    ],
  },
  {
    seed: 1509,
    why: 'A backup that came back with everything, to a primary that wrote nothing more, did not dejournal it.',
    world: { qosMs: 1000, faultsMs: 8473, arbiter: true, clients: 3, thinkMs: 157.59556964039803 },
    faults: [
      { kind: 'kill', at: 192, host: 'primary', ms: 69 },
      { kind: 'cut', at: 1247, ms: 1426, ways: on('A>B data, B>A data, B>A agent-of-A, R>A arbiter, R>B arbiter') },
      {
        kind: 'cut',
        at: 1277,
        ms: 599,
        ways: on('A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, A>R arbiter, R>A arbiter'),
      },
      { kind: 'operator', at: 2008, host: 'primary', act: 'set-no-failover' },
      { kind: 'pause-host', at: 3879, host: 'primary', ms: 1107 },
      { kind: 'reset', at: 4694, ways: on('A>B agent-of-A, A>R arbiter, B>R arbiter') },
      { kind: 'power-cut', at: 6064, host: 'primary', ms: 266 },
      { kind: 'kill', at: 7114, host: 'A', ms: 1038 },
      { kind: 'power-cut', at: 7984, host: 'A', ms: 669 },
    ],
  },
  {
    seed: 2422,
    why: 'A way between two hosts that was slow twice at once stayed so for ever (of the simulator itself).',
    world: { qosMs: 1000, faultsMs: 9358, arbiter: false, clients: 3, thinkMs: 592.8663660539314 },
    faults: [
      {
        kind: 'cut',
        at: 177,
        ms: 341,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, A>R arbiter, R>A arbiter, C>A client, A>C client',
        ),
      },
      { kind: 'cut', at: 831, ms: 1604, ways: on('B>A agent-of-A, A>R arbiter, R>A arbiter, B>R arbiter, B>C client') },
      {
        kind: 'cut',
        at: 966,
        ms: 449,
        ways: on('A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A'),
      },
      { kind: 'kill', at: 1002, host: 'B', ms: 763 },
      {
        kind: 'slow',
        at: 2022,
        ms: 171,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, B>R arbiter, R>B arbiter, C>B client, B>C client',
        ),
        upToMs: 521,
        loss: 0,
      },
      {
        kind: 'slow',
        at: 2029,
        ms: 1985,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, A>R arbiter, R>A arbiter, C>A client, A>C client',
        ),
        upToMs: 84,
        loss: 0,
      },
      { kind: 'power-cut-both', at: 2983, ms: 3194 },
      { kind: 'kill-agent', at: 4926, host: 'A', ms: 1013 },
      {
        kind: 'slow',
        at: 5606,
        ms: 4240,
        ways: on('A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, A>R arbiter, R>A arbiter'),
        upToMs: 655,
        loss: 0.25365748219192025,
      },
      { kind: 'sync-fails', at: 7528, host: 'B' },
      {
        kind: 'cut',
        at: 8435,
        ms: 92,
        ways: on('A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, B>R arbiter, R>B arbiter'),
      },
    ],
  },
  {
    seed: 28,
    why: 'Two members changed the mirror without knowing of each other, both to the same version: one did not learn that there is an arbiter again.',
    world: { qosMs: 400, faultsMs: 5874, arbiter: true, clients: 2, thinkMs: 115.93771382234989 },
    faults: [
      { kind: 'pause-host', at: 216, host: 'primary', ms: 1423 },
      { kind: 'disk-slow', at: 1179, host: 'B', ms: 705, upToMs: 13299 },
      { kind: 'kill-arbiter', at: 1365, ms: 471 },
      { kind: 'kill', at: 1767, host: 'A', ms: 1888 },
      { kind: 'kill-inside', at: 1769, host: 'primary', operations: 15 },
      { kind: 'pause', at: 1807, host: 'primary', ms: 155 },
      { kind: 'kill', at: 1828, host: 'B', ms: 137 },
      { kind: 'kill-arbiter', at: 1848, ms: 81 },
      { kind: 'pause', at: 2461, host: 'A', ms: 308 },
      { kind: 'power-cut', at: 2976, host: 'primary', ms: 205 },
      { kind: 'kill-inside', at: 3310, host: 'B', operations: 17 },
      { kind: 'arbiter-changed', at: 242, ms: 1997 },
    ],
  },
  {
    seed: 50,
    why: 'A record that could not be written while an operator was answered: half of the decision was carried out, and the process went on.',
    world: { qosMs: 1000, faultsMs: 10678, arbiter: true, clients: 3, thinkMs: 466.4393856888637 },
    faults: [
      { kind: 'kill', at: 592, host: 'primary', ms: 3458 },
      {
        kind: 'cut',
        at: 2368,
        ms: 2930,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, A>R arbiter, R>A arbiter, C>A client, A>C client',
        ),
      },
      { kind: 'cut', at: 3348, ms: 2425, ways: on('A>B data, B>A agent-of-B') },
      { kind: 'forced', at: 4294, ms: 62825, how: 'power' },
      { kind: 'flap', at: 4468, ms: 801, ways: on('A>B agent-of-B, C>A client, C>B client'), everyMs: 589 },
      {
        kind: 'cut',
        at: 5456,
        ms: 417,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, A>R arbiter, R>A arbiter, C>A client, A>C client',
        ),
      },
      { kind: 'sync-fails', at: 5496, host: 'primary' },
      { kind: 'mirroring-stopped', at: 2839, host: 'B', ms: 4058 },
      { kind: 'mirroring-stopped', at: 3479, host: 'A', ms: 3931 },
    ],
  },
  {
    seed: 125,
    why: 'A member forced to be primary and the former one, which had worked on alone, never met again.',
    world: { qosMs: 1000, faultsMs: 19237, arbiter: false, clients: 2, thinkMs: 492.8171683801338 },
    faults: [
      { kind: 'operator', at: 935, host: 'primary', act: 'hand-over' },
      { kind: 'power-cut', at: 937, host: 'primary', ms: 484 },
      {
        kind: 'cut',
        at: 1412,
        ms: 4763,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, B>R arbiter, R>B arbiter, C>B client, B>C client',
        ),
      },
      { kind: 'reset', at: 3809, ways: on('A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A') },
      {
        kind: 'cut',
        at: 5456,
        ms: 5932,
        ways: on(
          'A>B data, B>A data, A>B agent-of-B, B>A agent-of-B, B>A agent-of-A, A>B agent-of-A, B>R arbiter, R>B arbiter, C>B client, B>C client',
        ),
      },
      { kind: 'disk-slow', at: 6832, host: 'B', ms: 5639, upToMs: 621 },
      { kind: 'forced', at: 5990, ms: 62468, how: 'isolated' },
    ],
  },
  {
    seed: 146,
    why: 'Who read on from the middle of a journal file took its first blocks, damaged, for granted: what the numbers of databases stand for.',
    world: { qosMs: 2000, faultsMs: 20258, arbiter: true, clients: 3, thinkMs: 510.1257421076297 },
    faults: [
      { kind: 'disk-slow', at: 1351, host: 'primary', ms: 9351, upToMs: 1502 },
      { kind: 'kill-arbiter', at: 3808, ms: 936 },
      { kind: 'kill-inside', at: 21133, host: 'primary', operations: 11 },
      { kind: 'kill-arbiter', at: 24136, ms: 562 },
      { kind: 'journal-damaged', at: 12048, host: 'B', how: 'cut', place: 0.5008294903673232 },
    ],
  },
  {
    seed: 10748,
    why: 'Bytes of an old connection, sent again, ended the trouble of a primary that had been paused: two primaries.',
    world: { qosMs: 2000, faultsMs: 48066, arbiter: true, clients: 2, thinkMs: 1126.4905743766576 },
    faults: [
      { kind: 'pause-host', at: 20936, host: 'primary', ms: 6188 },
      { kind: 'replay', at: 22333, ms: 3059, way: 'B>A data' },
    ],
  },
  {
    seed: 11223,
    why: 'A database that could take no more updates, then a journal that failed: reads showed an older state than was acknowledged.',
    world: { qosMs: 2000, faultsMs: 54870, arbiter: true, clients: 3, thinkMs: 770.9555835928768 },
    faults: [
      { kind: 'kill-inside', at: 15306, host: 'primary', operations: 9 },
      { kind: 'sync-fails', at: 20102, host: 'primary' },
      { kind: 'disk-error', at: 29400, host: 'primary', ms: 691 },
    ],
  },
  {
    seed: 20020,
    why: 'An operator resumed a primary whose database was not well: it was no primary any more, and still answered reads.',
    world: { qosMs: 1000, faultsMs: 19959, arbiter: true, clients: 2, thinkMs: 259.7163941478357 },
    faults: [
      { kind: 'disk-full', at: 7728, host: 'primary', ms: 2468 },
      { kind: 'resumed', at: 9249, ms: 7876 },
    ],
  },
  {
    seed: 20134,
    why: 'A damaged journal stopped dejournaling in the middle of a block, and the database was said to contain it.',
    world: { qosMs: 2000, faultsMs: 35666, arbiter: false, clients: 3, thinkMs: 1019.3966369144619 },
    faults: [
      { kind: 'kill-inside', at: 584, host: 'primary', operations: 22 },
      { kind: 'journal-damaged', at: 1865, host: 'A', how: 'sector', place: 0.12053731922060251 },
      { kind: 'journal-damaged', at: 12170, host: 'A', how: 'sector', place: 0.709990797797218 },
      { kind: 'sync-fails', at: 14742, host: 'primary' },
      { kind: 'power-cut', at: 15690, host: 'primary', ms: 912 },
    ],
  },
  ...keptRoleRuns,
];
