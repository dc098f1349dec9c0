import fs from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, type TestContext } from 'vitest';
import { startAgent } from '../../engine/agent/start.ts';
import { runCommand } from '../../engine/cli/program.ts';
import { instancePaths } from '../../engine/instance/host.ts';
import { asyncOf, inStep } from '../asyncs-support.ts';
import { stopAgent } from '../stop-agent.ts';
import { get, sameDatabases, set } from '../support/acknowledged.ts';
import { programs } from '../support/programs.ts';
import { makePair, type Pair, type PairOptions, type TestMember } from '../support/pair.ts';

/** What a command printed and ended with. */
export interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One command of the command line, on a member's host. */
export async function tell(member: TestMember, line: string): Promise<Told> {
  let out = '';
  let err = '';
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text), interactive: false };
  const code = await runCommand(line.split(' '), { home: member.home, terminal });
  return { code, out, err };
}

/** Of the test that runs: procedures run two at a time, since they wait more than they compute. */
export type Finished = TestContext['onTestFinished'];

async function pairFor(onTestFinished: Finished, options: PairOptions = {}): Promise<Pair> {
  const pair = await makePair({ qosMs: 1500, ...options });
  onTestFinished(() => pair.stop());
  return pair;
}

/**
 * The members as the documents name them: A the first primary, B its backup, and C, a disaster recovery async where the procedure
 * has one. Whatever is written is acknowledged first and remembered.
 */
export class Stage {
  readonly pair: Pair;
  readonly a: TestMember;
  readonly b: TestMember;
  readonly #c: TestMember | null;
  #written = 0;
  /** Numbers of nodes that an operator's choice may have lost. */
  #given: { from: number; to: number }[] = [];

  private constructor(pair: Pair, c: TestMember | null) {
    this.pair = pair;
    this.a = pair.a;
    this.b = pair.b;
    this.#c = c;
  }

  static async ofPair(onTestFinished: Finished, options: PairOptions = {}): Promise<Stage> {
    return new Stage(await pairFor(onTestFinished, options), null);
  }

  static async withAsync(onTestFinished: Finished): Promise<Stage> {
    const pair = await pairFor(onTestFinished);
    return new Stage(pair, await asyncOf(pair, 'C', 'dr'));
  }

  get c(): TestMember {
    if (this.#c === null) throw new Error('this procedure has no C');
    return this.#c;
  }

  /** A command that must be done. @returns what it printed */
  async gemel(on: TestMember, line: string): Promise<string> {
    const { code, out, err } = await tell(on, line);
    expect(`${code} ${err}`, `gemel ${line}`).toBe('0 ');
    return out;
  }

  /** A command that must be refused. @returns what it said */
  async refused(on: TestMember, line: string): Promise<string> {
    const { code, err } = await tell(on, line);
    expect(code, `gemel ${line}`).toBe(1);
    return err;
  }

  /** As `refused`, of a command with --json. @returns what it printed */
  async refusedJson(on: TestMember, line: string): Promise<string> {
    const { code, out } = await tell(on, line);
    expect(code, `gemel ${line}`).toBe(1);
    return out;
  }

  /** Clients write on the primary; each update is acknowledged. */
  async write(primary: TestMember, count = 20): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      expect(await set(primary, `p(${this.#written})`, `v${this.#written}`)).toBe('OK');
      this.#written += 1;
    }
  }

  /** What is written from now on by `act` an operator's choice may lose. */
  async lose(act: () => Promise<void>): Promise<void> {
    const from = this.#written;
    await act();
    this.#given = [...this.#given, { from, to: this.#written }];
  }

  /** The whole host of a member fails: agent and instance. */
  async fails(member: TestMember): Promise<void> {
    await stopAgent(member.home);
    await member.kill();
  }

  /** A person copies the mirror's journal files of one member to another one, from the newest that this one has on. */
  async copyJournal(from: TestMember, to: TestMember): Promise<string[]> {
    const [source, target] = [from, to].map(({ directory }) => instancePaths(directory).journal);
    if (source === undefined || target === undefined) throw new Error('both have a directory');
    const files = (directory: string): string[] => fs.readdirSync(directory).filter((name) => /^MIRROR-TEST-\d{8}\.\d+$/.test(name));
    const newest = files(target).at(-1) ?? '';
    const copied = files(source).filter((name) => name >= newest);
    for (const name of copied) await copyFile(path.join(source, name), path.join(target, name));
    return copied.map((name) => path.join(target, name));
  }

  /** The host is back, its agent too; its instance is not started. */
  async hostReturns({ home, agentAddress }: TestMember): Promise<void> {
    await startAgent(home, { port: Number(agentAddress.split(':').at(-1)), entry: programs.agent });
  }

  /** All roles as before, everything acknowledged on every member, equal databases. */
  async asBefore(): Promise<void> {
    await this.pair.ready(this.a);
    const members = [this.a, this.b, ...(this.#c === null ? [] : [this.#c])];
    if (this.#c !== null) {
      await this.#c.sees({ A: 'Primary', B: 'Backup', C: 'Connected' });
      await inStep(this.#c, this.a);
    }
    await sameDatabases(this.pair, ...(this.#c === null ? [] : [this.#c]));
    for (const member of members)
      for (let n = 0; n < this.#written; n += 1)
        if (!this.#given.some(({ from, to }) => n >= from && n < to))
          expect(await get(member, `p(${n})`), `p(${n}) on ${member.name}`).toBe(`v${n}`);
  }
}
