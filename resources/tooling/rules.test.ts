import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, runCommand } from './runner/command.ts';

/** A checkout with planted violations: rules that find nothing are no rules. */
let root: string;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'gemel-rules-'));
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  write(
    'tsconfig.json',
    '{ "compilerOptions": { "module": "nodenext", "target": "es2024", "noEmit": true, "allowImportingTsExtensions": true } }',
  );
  write('package.json', '{ "type": "module", "dependencies": { "zod": "4" }, "devDependencies": { "fast-check": "4", "electron": "1" } }');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('layers', () => {
  beforeAll(() => {
    write('engine/io/clock.ts', 'export const clock = 1;\n');
    write('engine/io/assert.ts', 'export const assert = 1;\n');
    write('engine/api/errors.ts', `import { start } from '../instance/start.ts';\nexport const errors = start;\n`);
    write('engine/instance/start.ts', `import { serve } from '../superserver/serve.ts';\nexport const start = serve;\n`);
    write('engine/superserver/serve.ts', `import { agent } from '../agent/agent.ts';\nexport const serve = agent;\n`);
    write('engine/agent/agent.ts', `export const agent = 1;\n`);
    write(
      'engine/globals/key.ts',
      `import { clock } from '../io/clock.ts';\nimport { assert } from '../io/assert.ts';\nexport const key = clock + assert;\n`,
    );
    write('engine/mirror/failover/decide.ts', `import { readFileSync } from 'node:fs';\nexport const decide = readFileSync;\n`);
    write('engine/mirror/member.ts', `import { decide } from './failover/decide.ts';\nexport const member = decide;\n`);
    write('engine/journal/a.ts', `import { b } from './b.ts';\nexport const a = (): unknown => b;\n`);
    write('engine/journal/b.ts', `import { a } from './a.ts';\nexport const b = (): unknown => a;\n`);
    write('engine/database/tests.ts', `import fc from 'fast-check';\nexport const generate = fc;\n`);
    write('engine/cli/process/agent.ts', `import { agent } from '../../agent/agent.ts';\nexport const run = agent;\n`);
    write(
      'engine/cli/main.ts',
      `import { run } from './process/agent.ts';\nimport { member } from '../mirror/member.ts';\nconsole.log(run, member);\n`,
    );
    write('renderer/main.ts', `import { member } from '../engine/mirror/member.ts';\nconsole.log(member);\n`);
    write('main/hosts/hosts.ts', `import { app } from 'electron';\nexport const hosts = app;\n`);
    write('main/shell/electron/main.ts', `import { app } from 'electron';\nexport const shell = app;\n`);
  });

  it('finds each planted import and no other', async () => {
    const cruiser = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
    const config = join(ROOT, 'resources/tooling/dependency-cruiser.js');
    const { output } = await runCommand(
      process.execPath,
      [cruiser, '--config', config, '--output-type', 'json', 'engine', 'main', 'renderer'],
      { cwd: root },
    );
    const found = (JSON.parse(output) as { summary: { violations: { rule: { name: string }; from: string; to: string }[] } }).summary
      .violations;
    expect([...new Set(found.map(({ rule, from }) => `${rule.name}: ${from}`))].sort()).toEqual([
      'api-is-a-leaf: engine/api/errors.ts',
      'electron-stays-in-its-shell: main/hosts/hosts.ts',
      'engine-instance-imports-only-downwards: engine/instance/start.ts',
      'no-circles: engine/journal/a.ts',
      'processes-are-started-not-imported: engine/cli/main.ts',
      'pure-parts-do-nothing: engine/globals/key.ts',
      'pure-parts-do-nothing: engine/mirror/failover/decide.ts',
      'renderer-knows-contracts-only: renderer/main.ts',
      'side-by-side: engine/superserver/serve.ts',
      'what-runs-does-not-need-test-tools: engine/database/tests.ts',
    ]);
  });
});

describe('lint', () => {
  const banned = `import fs from 'fs';\nimport { app } from 'electron';\nexport default fs;\ntry { app.quit(); } catch {}\nexport const x: any = 1;\n`;
  const worldly = `export const x = [Date.now(), new Date(), Math.random(), setTimeout(() => undefined, 1)];\n`;
  const atTheEdges = ['engine/io/x.ts', 'engine/cli/x.ts', 'engine/journal/x.test.ts', 'main/x.ts'];
  let broken: Map<string, string[]>;

  beforeAll(async () => {
    write('main/banned.ts', banned);
    write('main/await.ts', `export async function f(): Promise<void> {}\nf();\n`);
    for (const path of ['engine/journal/worldly.ts', ...atTheEdges]) write(path, worldly);
    const eslint = join(ROOT, 'node_modules/eslint/bin/eslint.js');
    const args = [eslint, '--config', join(ROOT, 'resources/tooling/eslint.config.js'), '--format', 'json', 'main', 'engine'];
    const { output } = await runCommand(process.execPath, args, { cwd: root, env: { GEMEL_LINT_ROOT: root } });
    const results = JSON.parse(output) as { filePath: string; messages: { ruleId: string | null; message: string }[] }[];
    broken = new Map(
      results.map(({ filePath, messages }) => [relative(root, filePath), messages.map(({ ruleId, message }) => ruleId ?? message).sort()]),
    );
  }, 60_000);

  it('finds what is banned everywhere', () => {
    expect(broken.get('main/banned.ts')).toEqual([
      '@typescript-eslint/no-explicit-any',
      'no-empty',
      'no-restricted-imports',
      'no-restricted-imports',
      'no-restricted-syntax',
    ]);
  });

  it('finds a forgotten await', () => expect(broken.get('main/await.ts')).toEqual(['@typescript-eslint/no-floating-promises']));

  it('finds clocks, timers and chance in the engine', () => {
    expect(broken.get('engine/journal/worldly.ts')).toEqual([
      'no-restricted-globals',
      'no-restricted-properties',
      'no-restricted-properties',
      'no-restricted-syntax',
    ]);
  });

  it.each(atTheEdges)('allows them in %s', (path) => expect(broken.get(path)).toEqual([]));
});
