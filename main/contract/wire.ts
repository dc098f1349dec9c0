import { z } from 'zod';
import { Problem } from './actions.ts';

/** Frames between page and main, the same over the WebSocket (as JSON text) and over Electron's IPC (as objects). `id` is the page's choice. */

export const ToMain = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('call'), id: z.number().int(), name: z.string(), params: z.unknown() }),
  z.object({ kind: z.literal('subscribe'), id: z.number().int(), name: z.string(), params: z.unknown() }),
  z.object({ kind: z.literal('unsubscribe'), id: z.number().int() }),
]);
export type ToMain = z.infer<typeof ToMain>;

export const ToPage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('result'), id: z.number().int(), value: z.unknown() }),
  /** Ends the call or the subscription of that id. */
  z.object({ kind: z.literal('error'), id: z.number().int(), error: Problem }),
  z.object({ kind: z.literal('value'), id: z.number().int(), value: z.unknown() }),
]);
export type ToPage = z.infer<typeof ToPage>;

/** Largest frame taken from a page: everything a page sends is small. */
export const MAX_FRAME_BYTES = 64 * 1024;
