import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { conditionLine, conditionOf, conditions } from './conditions.ts';
import { GemelError } from './errors.ts';
import { fromWireError, toWireError } from './rpc/wire-error.ts';

const engine = path.resolve(import.meta.dirname, '..');

/** Text of the production code below these folders. */
function sources(...folders: readonly string[]): string {
  return folders
    .flatMap((folder) => fs.readdirSync(path.join(engine, folder), { recursive: true, withFileTypes: true }))
    .filter(
      (entry) =>
        entry.isFile() &&
        /(?<!\.test)\.ts$/.test(entry.name) &&
        !entry.name.startsWith('predict') &&
        !/testing|model|outcomes|predict/.test(entry.parentPath),
    )
    .map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

function found(text: string, ...patterns: readonly RegExp[]): Set<string> {
  return new Set(patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? '')));
}

const severities = new Map<string, number | string>(Object.entries(conditions).map(([code, { severity }]) => [code, severity]));

describe('the table of conditions', () => {
  it('has every code that the failover decisions log or refuse with, and none that nobody uses', () => {
    // Whatever is written in capitals there is a code.
    const core = found(sources('mirror/failover'), /'([A-Z]+(?:_[A-Z]+)*)'/g);
    const runtime = found(
      sources('mirror', 'agent', 'instance'),
      /\.note\(\s*'([A-Z_]+)'/g,
      /['`]\[([A-Z]+_[A-Z_]+|HOOK)\] /g,
      /code: '([A-Z]+_[A-Z_]+)', facts/g,
    );
    expect(core.size).toBeGreaterThan(20);
    expect(runtime.size).toBeGreaterThan(10);
    const used = new Set([...core, ...runtime]);
    expect([...used].filter((code) => conditionOf(code) === undefined).sort()).toEqual([]);
    const all = sources('mirror', 'agent', 'instance');
    expect(Object.keys(conditions).filter((code) => !new RegExp(`\\b${code}\\b`).test(all))).toEqual([]);
  });

  it('has each code once', () => {
    const written = [...sources('api/conditions').matchAll(/^  ([A-Z_]+): \{/gm)];
    expect(written).toHaveLength(Object.keys(conditions).length);
  });

  it('names for each logged condition a severity as bad as any line of it', () => {
    const core = sources('mirror/failover');
    for (const [, severity, code] of core.matchAll(/\blog\(\s*([0-3]),\s*'([A-Z_]+)'/g)) {
      const stated = severities.get(code ?? '');
      expect({ code, stated: typeof stated === 'number' && stated >= Number(severity) }).toEqual({ code, stated: true });
    }
  });

  it('tells for each what it means, and for each that needs a person what to do', () => {
    for (const [code, { title, means, severity, todo }] of Object.entries(conditions)) {
      expect({ code, title }).toEqual({ code, title: expect.stringMatching(/^[A-Z].*[^.]$/) });
      expect({ code, means }).toEqual({ code, means: expect.stringMatching(/^[A-Z].*\.$/) });
      if (severity === 'refusal' || severity >= 2) expect({ code, todo: todo.length > 10 }).toEqual({ code, todo: true });
    }
  });
});

it('a line has code, sentence and facts', () => {
  expect(conditionLine('PRIMARY_LOST', 'Lost.', { why: 'silent', active: 3 })).toBe('[PRIMARY_LOST] Lost. (why=silent, active=3)');
  expect(conditionLine('WAITING', 'Waits.')).toBe('[WAITING] Waits.');
});

it('a refusal reaches the other end of a control socket with its condition and facts', () => {
  const refusal = new GemelError('REFUSED', 'No.', 'Nothing was changed.', '', { code: 'NOT_PRIMARY', facts: { role: 'backup' } });
  const error = fromWireError(toWireError(refusal, () => undefined));
  expect(error).toMatchObject({ code: 'REFUSED', what: 'No.', condition: { code: 'NOT_PRIMARY', facts: { role: 'backup' } } });
  expect(fromWireError(toWireError(new GemelError('IO', 'x'), () => undefined)).condition).toBeNull();
});
