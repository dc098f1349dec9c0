import { checkRegister, type RegisterOperation } from '../checkers/register.ts';

/** How an operation ended for its client. 'lost': no answer, so it may have happened, happen later, or never. */
export type Outcome = 'ok' | 'refused' | 'lost';

interface Operation {
  readonly key: string;
  readonly kind: 'write' | 'read';
  value: string | null;
  readonly calledAt: number;
  answeredAt: number | null;
  outcome: Outcome | null;
}

interface Increment {
  readonly calledAt: number;
  answeredAt: number;
  readonly value: number;
}

/** A client's transaction over its own pair of nodes. */
interface Transaction {
  readonly value: string;
  /** null: under way. */
  outcome: Outcome | 'rolled back' | null;
}

/** Everything clients saw, with moments that are given out once and in order; checked exactly at the end. */
export class History {
  readonly #registers = new Map<string, Operation[]>();
  readonly #initial = new Map<string, string | null>();
  readonly #increments: Increment[] = [];
  readonly #transactions = new Map<string, Transaction[]>();
  #moment = 0;
  /** Operations answered with OK. */
  acknowledged = 0;

  #next(): number {
    this.#moment += 1;
    return this.#moment;
  }

  /** Registers that were ever used. */
  get keys(): string[] {
    return [...this.#registers.keys()];
  }

  /** @returns to be called once, when the operation has ended */
  call(kind: 'write' | 'read', key: string, value: string | null): (outcome: Outcome, seen?: string | null) => void {
    const operation: Operation = { key, kind, value, calledAt: this.#next(), answeredAt: null, outcome: null };
    const list = this.#registers.get(key) ?? [];
    this.#registers.set(key, list);
    list.push(operation);
    return (outcome, seen) => {
      if (operation.outcome !== null) return;
      operation.outcome = outcome;
      if (outcome === 'lost') return;
      operation.answeredAt = this.#next();
      if (outcome === 'ok') this.acknowledged += 1;
      if (kind === 'read' && seen !== undefined) operation.value = seen;
    };
  }

  increment(): (outcome: Outcome, value: number) => void {
    const calledAt = this.#next();
    return (outcome, value) => {
      if (outcome !== 'ok') return;
      this.acknowledged += 1;
      this.#increments.push({ calledAt, answeredAt: this.#next(), value });
    };
  }

  /** A transaction over a pair of nodes begins. @returns to be called when it has ended */
  transaction(pair: string, value: string): (outcome: Outcome | 'rolled back') => void {
    const list = this.#transactions.get(pair) ?? [];
    this.#transactions.set(pair, list);
    const transaction: Transaction = { value, outcome: null };
    list.push(transaction);
    return (outcome) => {
      transaction.outcome = outcome;
      if (outcome === 'ok') this.acknowledged += 1;
    };
  }

  /** An operator gave up updates by force: what comes next is judged by itself, beginning with what is there now. */
  cut(now: (key: string) => string | null, pairNow: (pair: string) => string | null): void {
    for (const [key, list] of this.#registers) {
      const value = now(key);
      // What was under way may still happen, unless it has.
      this.#registers.set(
        key,
        list.filter((op) => op.kind === 'write' && op.answeredAt === null && op.value !== value),
      );
      this.#initial.set(key, value);
    }
    this.#increments.length = 0;
    for (const [pair, list] of this.#transactions) {
      const value = pairNow(pair);
      const open = list.filter((end) => isOpen(end) && end.value !== value);
      this.#transactions.set(pair, [...(value === null ? [] : [{ value, outcome: 'ok' as const }]), ...open]);
    }
  }

  /** What is wrong with what clients saw; null: nothing. */
  check(): string | null {
    for (const [key, list] of this.#registers) {
      const wrong = checkRegister(list.filter(isOfInterest).map(asRegisterOperation), this.#initial.get(key) ?? null);
      if (wrong !== null) return `register ${key}: ${wrong}`;
    }
    return this.#checkIncrements();
  }

  /** $INCREMENT never gives a number twice, nor one that is not above those answered before it was called. */
  #checkIncrements(): string | null {
    const byCall = [...this.#increments].sort((a, b) => a.calledAt - b.calledAt);
    const byAnswer = [...this.#increments].sort((a, b) => a.answeredAt - b.answeredAt);
    const seen = new Set<number>();
    let answered = 0;
    let highest = 0;
    for (const op of byCall) {
      for (let next = byAnswer[answered]; next !== undefined && next.answeredAt < op.calledAt; next = byAnswer[answered]) {
        highest = Math.max(highest, next.value);
        answered += 1;
      }
      if (seen.has(op.value)) return `$INCREMENT gave ${op.value} twice`;
      if (op.value <= highest) return `$INCREMENT gave ${op.value} after ${highest} had been given`;
      seen.add(op.value);
    }
    return null;
  }

  /** What is wrong with the pairs of nodes that transactions change together, in a database where no transaction is open. */
  checkPairs(read: (pair: string, node: 'a' | 'b') => string | null): string | null {
    for (const [pair, ends] of this.#transactions) {
      const [a, b] = [read(pair, 'a'), read(pair, 'b')];
      if (a !== b) return `transaction ${pair}: one node holds ${a ?? 'nothing'}, the other ${b ?? 'nothing'}`;
      const lastOk = ends.findLastIndex((end) => end.outcome === 'ok');
      const allowed = ends.slice(Math.max(0, lastOk)).filter((end) => end.outcome === 'ok' || isOpen(end));
      if (lastOk < 0 && a === null) continue;
      if (!allowed.some((end) => end.value === a))
        return `transaction ${pair}: ${a ?? 'nothing'} is there, though the last committed one wrote ${ends[lastOk]?.value ?? 'nothing'}`;
    }
    return null;
  }
}

/** Nobody knows whether it was committed. */
function isOpen({ outcome }: Transaction): boolean {
  return outcome === null || outcome === 'lost';
}

function isOfInterest(op: Operation): boolean {
  return op.kind === 'write' || op.outcome === 'ok';
}

function asRegisterOperation(op: Operation): RegisterOperation {
  return { kind: op.kind, value: op.value, calledAt: op.calledAt, answeredAt: op.answeredAt, refused: op.outcome === 'refused' };
}
