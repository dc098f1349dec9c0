import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import fs from 'node:fs';

const NAMESPACES = '/run/netns';
const PREFIX = 'outage';
const ALL_DROPPED = 100;

/** A computer of the test's network: a network namespace with one address. */
export interface Computer {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
}

/**
 * Computers joined by a router, each in a network namespace of its own; nothing leaves them. The router can drop what goes
 * from one to another, silently and in one direction only, and pull a computer's cable. Needs root.
 */
export class Network {
  readonly computers: readonly Computer[];
  readonly #router: string;
  readonly #dropped = new Map<string, number>();
  readonly #pulled = new Set<string>();

  private constructor(names: readonly string[]) {
    // The process id says whose it is, should this process be killed before it can remove them.
    const id = `${PREFIX}-${process.pid}-${randomInt(0x10000).toString(16)}`;
    this.#router = `${id}-router`;
    this.computers = names.map((name, n) => ({ name, namespace: `${id}-${name}`, address: `10.77.${n + 1}.2` }));
  }

  static create(names: readonly string[]): Network {
    removeLeftOver();
    const network = new Network(names);
    try {
      network.#build();
    } catch (error) {
      network.remove();
      throw error;
    }
    return network;
  }

  #build(): void {
    const router = this.#router;
    addNamespace(router);
    run(...inside(router, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'));
    for (const { name, namespace, address } of this.computers) {
      const gateway = address.replace(/2$/, '1');
      addNamespace(namespace);
      ip('link', 'add', 'eth0', 'netns', namespace, 'type', 'veth', 'peer', 'name', cable(name), 'netns', router);
      ip('-n', router, 'address', 'add', `${gateway}/24`, 'dev', cable(name));
      ip('-n', router, 'link', 'set', 'dev', cable(name), 'up');
      ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', namespace, 'link', 'set', 'dev', 'eth0', 'up');
      ip('-n', namespace, 'route', 'add', 'default', 'via', gateway);
    }
  }

  /** What goes from one to the other is lost without a word; the other direction goes on. */
  drop(from: string, to: string): void {
    const key = `${from} ${to}`;
    if (this.#dropped.has(key)) return;
    const preference = ALL_DROPPED + this.#dropped.size;
    this.#dropped.set(key, preference);
    ip('-n', this.#router, 'rule', 'add', 'from', this.#address(from), 'to', this.#address(to), 'pref', String(preference), 'blackhole');
  }

  /** Both directions. */
  part(one: string, other: string): void {
    this.drop(one, other);
    this.drop(other, one);
  }

  /** Silence between this one and every other. */
  isolate(name: string): void {
    for (const other of this.computers) if (other.name !== name) this.part(name, other.name);
  }

  /** The others' connections are answered by the router: no such host. Its own address goes on working for itself. */
  pullCable(name: string): void {
    this.#pulled.add(name);
    ip('-n', this.#router, 'link', 'set', 'dev', cable(name), 'down');
  }

  /** Everything reaches everyone again. */
  heal(): void {
    for (const preference of this.#dropped.values()) ip('-n', this.#router, 'rule', 'delete', 'pref', String(preference));
    this.#dropped.clear();
    for (const name of this.#pulled) ip('-n', this.#router, 'link', 'set', 'dev', cable(name), 'up');
    this.#pulled.clear();
  }

  #address(name: string): string {
    const found = this.computers.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no computer ${name}`);
    return found.address;
  }

  /** Ends what still runs in the namespaces, and deletes them. */
  remove(): void {
    for (const { namespace } of this.computers) removeNamespace(namespace);
    removeNamespace(this.#router);
  }
}

/** The command line of something that runs on a computer of the network; its process id is that of the command. */
export function inside(namespace: string, command: string, ...args: readonly string[]): [string, ...string[]] {
  return ['nsenter', `--net=${NAMESPACES}/${namespace}`, command, ...args];
}

/** Why this process cannot make networks; null: it can. */
export function networksRefused(): string | null {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'needs root, for network namespaces';
  try {
    Network.create(['a', 'b']).remove();
    return null;
  } catch (error) {
    return `the kernel or its tools refuse network namespaces: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function cable(name: string): string {
  return `to-${name}`;
}

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function ip(...args: readonly string[]): string {
  return run('ip', ...args);
}

function addNamespace(name: string): void {
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'dev', 'lo', 'up');
}

function removeNamespace(name: string): void {
  if (!fs.existsSync(`${NAMESPACES}/${name}`)) return;
  for (const pid of ip('netns', 'pids', name).split('\n').filter(Boolean)) kill(Number(pid));
  ip('netns', 'delete', name);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Namespaces of a test process that was killed. */
function removeLeftOver(): void {
  for (const name of fs.existsSync(NAMESPACES) ? fs.readdirSync(NAMESPACES) : []) {
    const [, pid] = /^outage-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !fs.existsSync(`/proc/${pid}`)) removeNamespace(name);
  }
}
