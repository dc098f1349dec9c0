import fs from 'node:fs';
import type { TopicSource } from '../api/rpc/index.ts';
import { Topic } from '../api/rpc/index.ts';
import type { InstanceStatus } from '../api/status.ts';
import { homePaths, instancePaths, inventory, listRegistered, type Log } from '../instance/host.ts';
import type { Clock } from '../io/index.ts';

/** How often the instances are asked while somebody listens: what no file system event tells (a hang, a new role). */
const POLL_MS = 1000;
/** Events come in swarms; one look answers them all. */
const GATHER_MS = 20;

/** Files that a running instance writes again and again. */
const NO_NEWS: ReadonlySet<string> = new Set(['output.log', 'pulse']);

/** The host's instances as a topic. Rests while nobody listens. */
export class InventoryWatch implements TopicSource<InstanceStatus[]> {
  readonly #home: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watchers = new Map<string, fs.FSWatcher>();
  #topic = new Topic<InstanceStatus[]>();
  #published = '';
  #timer: { cancel(): void } | undefined;
  #looking = false;
  #lookAgain = false;
  #complaint = '';

  constructor(home: string, clock: Clock, log: Log) {
    this.#home = home;
    this.#clock = clock;
    this.#log = log;
  }

  subscribe(push: (value: InstanceStatus[]) => void): () => void {
    const topic = this.#topic;
    const end = topic.subscribe(push);
    if (topic.listeners === 1) void this.#look();
    return () => {
      end();
      if (topic.listeners === 0) this.#rest();
    };
  }

  /** Looks now: something was just done here. */
  refresh(): void {
    if (this.#topic.listeners > 0) this.#lookIn(0);
  }

  close(): void {
    this.#rest();
  }

  #rest(): void {
    this.#timer?.cancel();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#topic = new Topic();
    this.#published = '';
  }

  #lookIn(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.timer(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    this.#lookAgain = false;
    try {
      this.#watchFiles();
      this.#publish(await inventory(this.#home));
      this.#complaint = '';
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : String(error));
    }
    this.#looking = false;
    if (this.#topic.listeners > 0) this.#lookIn(this.#lookAgain ? GATHER_MS : POLL_MS);
  }

  #publish(instances: InstanceStatus[]): void {
    const text = JSON.stringify(instances);
    if (text === this.#published) return;
    this.#published = text;
    this.#topic.publish(instances);
  }

  /** Once for each new trouble, not once a second. */
  #complain(text: string): void {
    if (text === this.#complaint) return;
    this.#complaint = text;
    this.#log(2, `The instances of this host cannot be listed: ${text}`);
  }

  #watchFiles(): void {
    const wanted = new Set([
      homePaths(this.#home).registry,
      ...listRegistered(this.#home).map((each) => instancePaths(each.directory).run),
    ]);
    for (const [directory, watcher] of this.#watchers) {
      if (wanted.has(directory)) continue;
      watcher.close();
      this.#watchers.delete(directory);
    }
    for (const directory of wanted) {
      if (!this.#watchers.has(directory) && fs.existsSync(directory)) this.#watch(directory);
    }
  }

  #watch(directory: string): void {
    const watcher = fs.watch(directory, { persistent: false }, (_event, name) => {
      // The lock's own probing touches nothing; its file changes only with its holder.
      if (name === null || !NO_NEWS.has(name)) this.#lookIn(GATHER_MS);
    });
    // The poll goes on without it.
    watcher.on('error', () => {
      watcher.close();
      this.#watchers.delete(directory);
    });
    this.#watchers.set(directory, watcher);
  }
}
