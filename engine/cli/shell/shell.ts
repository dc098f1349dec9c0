import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { GemelError } from '../../api/errors.ts';
import { RespClient, RespError } from '../resp-client.ts';
import { Evaluator } from './evaluator.ts';
import { parseLine } from './parser.ts';
import { ShellError } from './syntax.ts';

export interface ShellOptions {
  readonly host: string;
  readonly port: number;
  readonly namespace: string;
}

/** An error as the shell shows it: `<CODE>` on its own line, then a sentence. */
export interface Shown {
  readonly code: string;
  readonly sentence: string;
}

/** A shell on one connection. */
export class Shell {
  readonly #server: RespClient;
  readonly #evaluator: Evaluator;
  readonly #print: (text: string) => void;
  #midLine = false;

  private constructor(server: RespClient, print: (text: string) => void) {
    this.#server = server;
    this.#print = print;
    this.#evaluator = new Evaluator(
      server,
      (text) => this.#write(text),
      () => this.#endLine(),
    );
  }

  /** Throws UNREACHABLE, or what the instance says of the namespace. */
  static async open({ host, port, namespace }: ShellOptions, print: (text: string) => void): Promise<Shell> {
    const shell = new Shell(await RespClient.connect(host, port), print);
    try {
      await shell.#evaluator.useNamespace(namespace);
      return shell;
    } catch (error) {
      shell.close();
      throw error instanceof RespError ? new GemelError('NAMESPACE', error.sentence) : error;
    }
  }

  get prompt(): string {
    const { level, namespace } = this.#evaluator;
    return `${level === 0 ? '' : `TL${level}:`}${namespace}> `;
  }

  /** Runs one line; what went wrong in it, if anything. `ended`: the line said so. Throws UNREACHABLE. */
  async run(line: string): Promise<{ ended: boolean; error?: Shown }> {
    try {
      for (const command of parseLine(line)) {
        if (!(await this.#evaluator.run(command))) return { ended: true };
      }
      return { ended: false };
    } catch (error) {
      return { ended: false, error: shown(error) };
    } finally {
      this.#endLine();
    }
  }

  #endLine(): void {
    if (this.#midLine) this.#write('\n');
  }

  close(): void {
    this.#server.close();
  }

  #write(text: string): void {
    if (text === '') return;
    this.#print(text);
    this.#midLine = !text.endsWith('\n');
  }
}

function shown(error: unknown): Shown {
  if (error instanceof ShellError) return { code: error.code, sentence: error.message };
  if (error instanceof RespError) return { code: error.code, sentence: error.sentence };
  if (error instanceof GemelError && error.code !== 'UNREACHABLE') return { code: error.code, sentence: error.message };
  throw error;
}

/**
 * Reads lines until the end or Halt, with a prompt when a person types them. Returns whether all of them went well.
 */
export async function converse(shell: Shell, input: Readable, output: Writable, interactive: boolean): Promise<boolean> {
  const lines = createInterface({ input, output: interactive ? output : undefined, terminal: interactive, historySize: 1000 });
  let good = true;
  const ask = (): void => {
    lines.setPrompt(shell.prompt);
    if (interactive) lines.prompt();
  };
  lines.on('SIGINT', () => {
    output.write('\n');
    ask();
  });
  ask();
  for await (const line of lines) {
    const { ended, error } = await shell.run(line);
    if (error !== undefined) {
      good = false;
      output.write(`<${error.code}>\n${error.sentence}\n`);
    }
    if (ended) break;
    ask();
  }
  lines.close();
  return good;
}
