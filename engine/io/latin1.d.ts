export {};

declare global {
  /** Methods that Node has beside the encoding-named ones and that its type package leaves out: the fast ways between bytes and binary strings. */
  interface Buffer {
    latin1Slice(start?: number, end?: number): string;
    latin1Write(text: string, offset?: number, length?: number): number;
  }
}
