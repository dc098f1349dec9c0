import { assert } from '../io/assert.ts';
import type { Bytes, Key, Node, NodeReader } from '../globals/index.ts';
import type { DatabaseMeta, DatabaseProperties } from './file.ts';
import { Gap } from './gap.ts';
import { scan } from './merged-scan.ts';
import { Overlay, type GenerationId } from './overlay.ts';
import { DatabaseReader, successor, type NodeFile } from './reader.ts';

/** Memory for nodes that the file has but that were changed lately: most before-images come from there. */
const MEMORY_BYTES = 64 * 1024 * 1024;
/** Deleted nodes that a scan steps over before it is worth remembering where they were. */
const GAP_MIN = 8;

/**
 * A database as the executor sees it: the file, and over it the changes that the file does not have yet.
 * Between two calls of `reset` the file may only receive changes that went through here.
 * Reads throw GemelError DAMAGED, IO, LOCKED.
 */
export class Database implements NodeReader {
  readonly directory: string;
  readonly #reader: NodeFile;
  readonly #overlay: Overlay;
  readonly #gap = new Gap();
  #fileBytes = 0;
  #usedBytes = 0;
  #maxSizeBytes: number | null = null;
  #properties: DatabaseProperties;

  /** Throws NOT_FOUND, FOREIGN, DAMAGED, VERSION, RIGHTS, LOCKED, IO. */
  static open(directory: string, memoryBytes = MEMORY_BYTES): Database {
    return new Database(directory, DatabaseReader.open(directory), memoryBytes);
  }

  /** @param reader of the file in that directory; closed with the database */
  constructor(directory: string, reader: NodeFile, memoryBytes = MEMORY_BYTES) {
    this.directory = directory;
    this.#reader = reader;
    this.#overlay = new Overlay(memoryBytes);
    this.#properties = reader.meta();
    this.refresh();
  }

  get(key: Key): Bytes | undefined {
    const entry = this.#overlay.known(key);
    return entry === undefined ? this.#reader.get(key) : entry.value;
  }

  next(from: Key, end: Key, inclusive: boolean): Node | undefined {
    if (this.#overlay.empty) return this.#reader.next(from, end, inclusive);
    const first = inclusive ? from : successor(from);
    const at = this.#gap.forward(first);
    if (at >= end) return undefined;
    const { node, stepped } = scan(this.#overlay.layers(), this.#reader, at, end, 1);
    if (stepped >= GAP_MIN || (stepped > 0 && at !== first)) this.#gap.add(at, node?.key ?? end);
    return node;
  }

  previous(from: Key, start: Key): Node | undefined {
    if (this.#overlay.empty) return this.#reader.previous(from, start);
    const at = this.#gap.backward(from);
    if (at <= start) return undefined;
    const { node, stepped } = scan(this.#overlay.layers(), this.#reader, at, start, -1);
    if (stepped >= GAP_MIN || (stepped > 0 && at !== from)) this.#gap.add(node === undefined ? start : successor(node.key), at);
    return node;
  }

  /** @param ticket the change's own; tickets never get smaller */
  set(key: Key, value: Bytes, ticket: number): void {
    this.#gap.cut(key);
    this.#overlay.put(key, value, ticket);
  }

  /** A change that was durable before this member began to write: it waits for nobody. Only right after `reset`. @param value undefined: the node is gone */
  inherit(key: Key, value: Bytes | undefined): void {
    this.#overlay.put(key, value, 0);
  }

  delete(key: Key, ticket: number): void {
    this.#overlay.put(key, undefined, ticket);
  }

  /** The ticket of the node's newest change that the file may not have; 0 when it has all. */
  ticketOf(key: Key): number {
    return this.#overlay.find(key)?.ticket ?? 0;
  }

  /** The newest ticket of any change that the file may not have: what a scan's result can depend on. 0 when it has all. */
  get newestTicket(): number {
    return this.#overlay.newestTicket;
  }

  /** Room for nodes that the file has. */
  set memoryBytes(bytes: number) {
    this.#overlay.memoryBytes = bytes;
  }

  /** Ends a generation: it holds the changes since the last call. */
  freeze(): GenerationId {
    return this.#overlay.freeze();
  }

  /** The file has committed all changes of the generation and of those before it. */
  drop(id: GenerationId): void {
    assert(!this.#reader.held, 'a view of the file ends before its commit is made use of');
    this.#overlay.drop(id);
    this.refresh();
  }

  /**
   * Forgets every change and all that is known of the file: before it is written from elsewhere (the dejournaling of a
   * backup) and after changes that will never be durable.
   */
  reset(): void {
    this.#overlay.clear();
    this.#gap.clear();
    this.refresh();
  }

  /** Looks again at the file's size and properties. */
  refresh(): void {
    this.#properties = this.#reader.meta();
    this.#maxSizeBytes = this.#properties.maxSizeBytes;
    this.#fileBytes = this.#reader.fileBytes();
    this.#usedBytes = this.#reader.usedBytes();
  }

  /** Whether updates that add data must be refused with `FILEFULL`. */
  get full(): boolean {
    return this.#maxSizeBytes !== null && this.#usedBytes + this.#overlay.bytes >= this.#maxSizeBytes;
  }

  /** As of the last `drop`, `reset` or `refresh`. */
  get properties(): DatabaseProperties {
    return this.#properties;
  }

  /** As of the last `drop`, `reset` or `refresh`. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** Changed nodes that the file may not have, counted once a generation. */
  get overlayEntries(): number {
    return this.#overlay.entries;
  }

  /** Memory that they take, about. */
  get overlayBytes(): number {
    return this.#overlay.bytes;
  }

  /** What the file says about itself, read now. */
  meta(): DatabaseMeta {
    return this.#reader.meta();
  }

  /** Makes the reads until `release` cheaper by one view of the file. `release` at the end of the same turn, before any `drop`. */
  hold(): void {
    this.#reader.hold();
  }

  release(): void {
    this.#reader.release();
  }

  close(): void {
    this.#reader.close();
  }
}
