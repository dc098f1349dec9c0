import { z } from 'zod';

/** The message log as a person's tools read it: messages.log of an instance, agent.log of a host. */

export const LogLine = z.object({
  /** ms since the epoch, by the clock of the host that wrote it */
  at: z.number(),
  pid: z.number().int(),
  /** 0 information, 1 warning, 2 a person should look, 3 fatal */
  severity: z.number().int().min(0).max(3),
  /** Of a condition (engine/api/conditions); null: the line tells of none. */
  code: z.string().nullable(),
  /** Without the code and the facts. */
  text: z.string(),
  facts: z.record(z.string(), z.string()),
});
export type LogLine = z.infer<typeof LogLine>;

const range = {
  /** ms since the epoch, both included */
  fromMs: z.number(),
  toMs: z.number(),
  minSeverity: z.number().int().min(0).max(3).default(0),
  limit: z.number().int().min(1).max(5000).default(1000),
};

/** `lines`: oldest first; where there are more than asked for, the newest of them. */
export const LogPage = z.object({ lines: z.array(LogLine), more: z.boolean() });
export type LogPage = z.infer<typeof LogPage>;
export const LogRange = z.object(range);
export type LogRange = z.output<typeof LogRange>;

export const messageMethods = {
  /** Of this instance. */
  'log.read': { params: LogRange, result: LogPage },
} as const;

export const agentMessageMethods = {
  /** Of the agent itself, or of an instance of its host, running or not. */
  'log.read': { params: z.object({ instance: z.string().optional(), ...range }), result: LogPage },
} as const;
