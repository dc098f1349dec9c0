/** What a hook's thread and the instance say to each other. Plain data, copied between threads. */

/** The functions an administrator's file may export, by what the member asks for. */
export const entryPoints = {
  canStart: 'CanNodeStartToBecomePrimary',
  check: 'CheckBecomePrimaryOK',
  became: 'NotifyBecomePrimary',
  failed: 'NotifyBecomePrimaryFailed',
} as const;

/** Who calls a hook. */
export interface HookIdentity {
  readonly mirror: string;
  readonly member: string;
  readonly instance: string;
}

/** What a thread is started with: it calls one function of the file, once. */
export interface HookCall {
  readonly file: string;
  readonly entry: string;
  readonly identity: HookIdentity;
  /** It gets a client to write with. */
  readonly client: boolean;
}

/** A reply of the client, as a hook sees it. */
export type HookValue = string | number | null | readonly HookValue[];

export type FromHook =
  | { readonly t: 'log'; readonly text: string }
  | { readonly t: 'command'; readonly id: number; readonly args: readonly string[] }
  /** The file has no such function. */
  | { readonly t: 'absent' }
  /** What it returned; only true and 1 are a yes. */
  | { readonly t: 'returned'; readonly yes: boolean; readonly shown: string }
  | { readonly t: 'threw'; readonly text: string };

export type ToHook =
  | { readonly t: 'value'; readonly id: number; readonly value: HookValue }
  | { readonly t: 'error'; readonly id: number; readonly text: string };
