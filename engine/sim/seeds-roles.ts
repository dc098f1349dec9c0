import { asyncWays, roleWays, type Way } from './faults/kinds.ts';
import type { KeptRun } from './seeds.ts';

/** Everything at D's host. */
const atD: readonly Way[] = [...asyncWays, ...roleWays].filter((way) => way[0] === 'D' || way[2] === 'D');

/** As `keptRuns`, where members' roles change. */
export const keptRoleRuns: readonly KeptRun[] = [
  {
    seed: 235,
    why: 'A member promoted where it could not reach the primary became one beside it, and neither ever heard of the other.',
    world: { qosMs: 400, faultsMs: 5513, arbiter: true, clients: 2, thinkMs: 119.85300072468816, asyncs: 2, roles: true },
    faults: [
      { kind: 'promoted-alone', at: 807, ms: 2201, partner: 'none', isHeld: true },
      { kind: 'cut', at: 1729, ms: 1602, ways: atD },
    ],
  },
  {
    seed: 317,
    why: 'A former primary began as an async and brought into its database what had never become durable.',
    world: { qosMs: 400, faultsMs: 11981, arbiter: true, clients: 2, thinkMs: 125.72928672656415, asyncs: 1, roles: true },
    faults: [
      { kind: 'resumed', at: 938, ms: 984 },
      { kind: 'kill-inside', at: 1225, host: 'D', operations: 9 },
      { kind: 'promoted-alone', at: 1359, ms: 2728, partner: 'none', isHeld: true },
    ],
  },
  {
    seed: 1011,
    why: 'A member that learned of its new partner by the answer of the old one’s agent waited for that answer for ever.',
    world: { qosMs: 400, faultsMs: 7239, arbiter: false, clients: 2, thinkMs: 191.97721221484244, asyncs: 1, roles: true },
    faults: [
      { kind: 'sync-fails', at: 619, host: 'A' },
      { kind: 'promoted-alone', at: 3119, ms: 3469, partner: 'chosen', isHeld: false },
    ],
  },
  {
    seed: 1541,
    why: 'A primary that found that it was demoted wanted to hand over first, to a backup that it heard no more, and never ended.',
    world: { qosMs: 8000, faultsMs: 64474, arbiter: false, clients: 2, thinkMs: 3149.8238157480955, asyncs: 1, roles: true },
    faults: [
      { kind: 'promoted-alone', at: 21541, ms: 51275, partner: 'none', isHeld: false },
      { kind: 'promoted-alone', at: 26252, ms: 64113, partner: 'chosen', isHeld: true },
      { kind: 'pause', at: 59989, host: 'primary', ms: 31519 },
    ],
  },
  {
    seed: 5469,
    why: 'A chosen partner had promised itself to the other former member, which learned of the promotion before it used that: nobody was primary again.',
    world: { qosMs: 1000, faultsMs: 14090, arbiter: true, clients: 3, thinkMs: 486.15161913912743, asyncs: 1, roles: true },
    faults: [
      { kind: 'promoted-alone', at: 2504, ms: 10334, partner: 'chosen', isHeld: false },
      { kind: 'sync-fails', at: 7409, host: 'A' },
    ],
  },
  {
    seed: 8749,
    why: 'The only failover member came back and was primary again, although another one had been promoted meanwhile, as the arbiter and an agent knew.',
    world: { qosMs: 8000, faultsMs: 142556, arbiter: true, clients: 2, thinkMs: 4521.733529120684, asyncs: 1, roles: true },
    faults: [
      { kind: 'demoted', at: 16173, ms: 29503, by: 'backup' },
      { kind: 'promoted-alone', at: 23288, ms: 60901, partner: 'none', isHeld: false },
      { kind: 'kill', at: 64343, host: 'primary', ms: 32117 },
      { kind: 'kill', at: 70604, host: 'B', ms: 16956 },
    ],
  },
  {
    seed: 7740,
    why: 'A primary that went on alone where nobody reached it never heard of the member that was forced meanwhile: it had been demoted, so that one did not ask it any more.',
    world: { qosMs: 8000, faultsMs: 199887, arbiter: true, clients: 3, thinkMs: 1509.6634078770876, asyncs: 2, roles: true },
    faults: [
      { kind: 'kill-arbiter', at: 24800, ms: 9978 },
      { kind: 'forced', at: 24803, ms: 90989, how: 'isolated' },
      { kind: 'demoted', at: 53592, ms: 58099, by: 'backup' },
    ],
  },
];
