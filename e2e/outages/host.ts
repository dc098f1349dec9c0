import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { homePaths, probeLock } from '../../engine/instance/host.ts';
import { stopAgent } from '../stop-agent.ts';
import { TestMember } from '../support/pair.ts';
import { programs } from '../support/programs.ts';
import { until } from '../support/until.ts';
import { inside, type Computer } from './network.ts';

const AGENT_PORT = 2188;
/** Every computer has all ports to itself. */
const SUPERSERVER_PORT = 1972;

const execFileAsync = promisify(execFile);

/** A computer with an agent, and an instance if one is created. */
export class Host extends TestMember {
  readonly computer: Computer;

  constructor(home: string, computer: Computer) {
    super(home, computer.name.toUpperCase());
    this.computer = computer;
    this.port = SUPERSERVER_PORT;
    this.agentAddress = `${computer.address}:${AGENT_PORT}`;
  }

  /** `gemel ...` on this computer; gives what it printed. Throws with what it complained about. */
  async gemel(...args: readonly string[]): Promise<string> {
    const [command, ...rest] = inside(this.computer.namespace, process.execPath, programs.gemel, ...args);
    const { stdout } = await execFileAsync(command, rest, { env: { ...process.env, GEMEL_HOME: this.home }, encoding: 'utf8' });
    return stdout;
  }

  override async create(): Promise<void> {
    await this.gemel('instance', 'create', this.name, '--listen', this.computer.address, '--superserver-port', String(this.port));
  }

  override async start(): Promise<void> {
    await this.gemel('instance', 'start', this.name);
  }

  override async startAgent(): Promise<void> {
    await this.gemel('agent', 'start', '--listen', this.computer.address, '--port', String(AGENT_PORT));
  }

  get agentRuns(): boolean {
    return probeLock(homePaths(this.home).run).held;
  }

  /** In order: its connections are closed. */
  async stopAgent(): Promise<void> {
    await stopAgent(this.home);
  }

  /** SIGKILL. */
  async killAgent(): Promise<void> {
    process.kill(this.#agentPid(), 'SIGKILL');
    await until(`the agent of ${this.name} is gone`, () => Promise.resolve(!this.agentRuns));
  }

  /** A signal to the instance. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.pid(), signal);
  }

  /** A signal to the instance and the agent: the whole host stands still, or goes on. */
  signalAll(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.signalAgent(signal);
    this.signal(signal);
  }

  signalAgent(signal: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.#agentPid(), signal);
  }

  /** The administrator's hooks of the instance are these from now on. */
  hooks(text: string): void {
    fs.writeFileSync(path.join(this.directory, 'ZMIRROR.mjs'), text);
  }

  #agentPid(): number {
    const lock = probeLock(homePaths(this.home).run);
    if (!lock.held || lock.holder === null) throw new Error(`the agent of ${this.name} does not run`);
    return lock.holder.pid;
  }
}
