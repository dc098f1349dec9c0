/** Bounds that keep one client, or all of them together, from taking the instance's memory. Sizes in bytes. */
export interface Limits {
  /** Longest value or argument; longer ones are skipped and answered with -MAXSTRING. */
  readonly value: number;
  /** Longest argument that is skipped rather than taken as nonsense. */
  readonly skippedValue: number;
  readonly argumentsPerCommand: number;
  /** One command with all its arguments, and all commands that wait for EXEC. */
  readonly frame: number;
  /** An inline command, or the header of an array or string. */
  readonly line: number;
  /** Replies of one connection that are not sent yet: above it no further command of the connection runs. */
  readonly output: number;
  /** Replies of one connection that wait for their updates to be durable. */
  readonly heldReplies: number;
  /** One reply. A connection's unsent replies never exceed `output` + `reply`. */
  readonly reply: number;
  /** Unfinished commands of all connections. */
  readonly totalInput: number;
  /** Unsent replies of all connections. */
  readonly totalOutput: number;
  readonly connections: number;
  readonly watchedKeys: number;
  /** How long a client may be silent in the middle of a command, in ms. */
  readonly halfFrameMs: number;
}

const MiB = 1024 * 1024;

export const defaultLimits: Limits = {
  value: 3_641_144,
  skippedValue: 512 * MiB,
  argumentsPerCommand: 1_048_576,
  frame: 64 * MiB,
  line: 64 * 1024,
  output: MiB,
  heldReplies: 65_536,
  reply: 64 * MiB,
  totalInput: 256 * MiB,
  totalOutput: 256 * MiB,
  connections: 10_000,
  watchedKeys: 100_000,
  halfFrameMs: 60_000,
};
