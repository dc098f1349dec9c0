import fs from 'node:fs';
import path from 'node:path';
import type { Clock } from '../io/clock.ts';

/** 0 for information, 1 warning, 2 severe (a person should look), 3 fatal. */
export type Severity = 0 | 1 | 2 | 3;

/** How the parts of the engine leave a message for the administrator. */
export type Log = (severity: Severity, text: string) => void;

export interface Message {
  /** Local time with its offset. */
  readonly time: string;
  readonly pid: number;
  readonly severity: Severity;
  readonly text: string;
}

interface LogOptions {
  readonly clock: Clock;
  /** A file that has reached it is renamed `.1` and a new one begun. Default 5 MB. */
  readonly bytesMax?: number;
  /** Messages below it are not written. Default 0. */
  readonly severityMin?: Severity;
}

/** How many full files are kept beside the current one. */
export const FILES_KEPT = 3;

/** One growing text file, renamed when it is full. */
class RotatingFile {
  readonly #file: string;
  readonly #bytesMax: number;
  #bytes: number;

  constructor(file: string, bytesMax: number) {
    this.#file = file;
    this.#bytesMax = bytesMax;
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    this.#bytes = fs.existsSync(file) ? fs.statSync(file).size : 0;
  }

  append(line: string): void {
    if (this.#bytes >= this.#bytesMax) this.#rotate();
    fs.appendFileSync(this.#file, line, { mode: 0o600 });
    this.#bytes += Buffer.byteLength(line);
  }

  #rotate(): void {
    for (let n = FILES_KEPT - 1; n >= 0; n--) {
      const from = n === 0 ? this.#file : `${this.#file}.${n}`;
      if (fs.existsSync(from)) fs.renameSync(from, `${this.#file}.${n + 1}`);
    }
    this.#bytes = 0;
  }
}

/** messages.log, and alerts.log with what is severe enough for an alert. Writing never throws. */
export class MessageLog {
  readonly #messages: RotatingFile;
  readonly #alerts: RotatingFile | undefined;
  readonly #clock: Clock;
  readonly #severityMin: Severity;
  #dropped = 0;

  /** @param alertsFile where severity 2 and 3 go too, if anywhere */
  constructor(file: string, alertsFile: string | undefined, options: LogOptions) {
    const bytesMax = options.bytesMax ?? 5 * 1024 * 1024;
    this.#messages = new RotatingFile(file, bytesMax);
    this.#alerts = alertsFile === undefined ? undefined : new RotatingFile(alertsFile, bytesMax);
    this.#clock = options.clock;
    this.#severityMin = options.severityMin ?? 0;
  }

  readonly write: Log = (severity, text) => {
    if (severity < this.#severityMin) return;
    try {
      if (this.#dropped > 0) {
        const missing = this.#dropped;
        this.#messages.append(this.#line(1, `${missing} messages could not be written here.`));
        this.#dropped = 0;
      }
      const line = this.#line(severity, text);
      this.#messages.append(line);
      if (severity >= 2) this.#alerts?.append(line);
    } catch (error) {
      // A full disk must not stop the instance because of its log; the output file may be elsewhere.
      this.#dropped++;
      console.error(`${text} (not in messages.log: ${error instanceof Error ? error.message : String(error)})`);
    }
  };

  #line(severity: Severity, text: string): string {
    return `${localTime(this.#clock.wallMs())} (${process.pid}) ${severity} ${text.trim().replaceAll(/\s*\n\s*/g, ' | ')}\n`;
  }
}

export function messagesFile(mgr: string): string {
  return path.join(mgr, 'messages.log');
}

/** messages.log and alerts.log of an instance. */
export function openMessageLog(mgr: string, options: LogOptions): MessageLog {
  return new MessageLog(messagesFile(mgr), path.join(mgr, 'alerts.log'), options);
}

/** Local time with milliseconds and offset, as ISO 8601. */
export function localTime(wallMs: number): string {
  const offsetMinutes = -new Date(wallMs).getTimezoneOffset();
  const local = new Date(wallMs + offsetMinutes * 60_000).toISOString().slice(0, -1);
  const absolute = Math.abs(offsetMinutes);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}:${two(absolute % 60)}`;
}

const LINE = /^(\S+) \((\d+)\) ([0-3]) (.*)$/;

/** null: it is no line of a message log. */
export function parseMessage(line: string): Message | null {
  const [, time, pid, severity, text] = LINE.exec(line) ?? [];
  if (time === undefined || text === undefined) return null;
  return { time, pid: Number(pid), severity: Number(severity) as Severity, text };
}

/** The newest messages of a file, oldest first; lines that are none of ours are left out. */
export function readMessages(file: string, count: number): Message[] {
  if (!fs.existsSync(file)) return [];
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => parseMessage(line) ?? []).slice(-count);
}
