import { chmod, cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../resources/tooling/runner/command.ts';

/** What is packaged, built around a folder that stands in for the Electron runtime (which is fetched apart from its package). */
let temporary: string;
let unpacked: string;

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'gemel-package-'));
  const built = await runCommand(process.execPath, ['resources/tooling/build.ts']);
  expect(built, built.output).toMatchObject({ code: 0 });
  unpacked = join(temporary, 'packages', 'linux-unpacked');
}, 120_000);
afterAll(() => rm(temporary, { recursive: true, force: true }));

async function standInRuntime(): Promise<string> {
  const runtime = join(temporary, 'runtime');
  await mkdir(join(runtime, 'resources'), { recursive: true });
  await writeFile(join(runtime, 'electron'), '#!/bin/sh\nexit 0\n');
  await chmod(join(runtime, 'electron'), 0o755);
  await writeFile(join(runtime, 'version'), 'v0.0.0');
  return runtime;
}

async function electronBuilder(...settings: string[]): Promise<{ code: number | null; output: string }> {
  const runtime = await standInRuntime();
  const config = [
    '--config',
    'resources/packaging/electron-builder.yml',
    `-c.electronDist=${runtime}`,
    `-c.directories.output=${join(temporary, 'packages')}`,
  ];
  return runCommand(
    process.execPath,
    ['node_modules/electron-builder/cli.js', '--linux', 'dir', '--publish', 'never', ...config, ...settings],
    {
      timeoutMs: 110_000,
    },
  );
}

describe('the package', () => {
  it('is built from the configuration', async () => {
    const { code, output } = await electronBuilder();
    expect(code, output).toBe(0);
    expect((await stat(join(unpacked, 'gemel-console'))).mode & 0o111).not.toBe(0);
  });

  it('has the page, the desktop shell and its preload in the archive', async () => {
    const { listPackage } = await import('@electron/asar');
    const files = listPackage(join(unpacked, 'resources', 'app.asar'), { isPack: false }).map((file) => file.replaceAll('\\', '/'));
    expect(files).toEqual(expect.arrayContaining(['/dist/main/electron.mjs', '/dist/main/preload.cjs', '/dist/renderer/index.html']));
    const native = /^\/node_modules\/(better-sqlite3|lz4-napi|@antoniomuso)(\/|$)/;
    expect(files.filter((file) => file.startsWith('/node_modules/') && !native.test(file))).toEqual([]);
    expect(files.filter((file) => /\.(ts|svelte|map)$/.test(file))).toEqual([]);
  });

  it('has an engine that runs by itself', async () => {
    // Elsewhere, so that nothing of the checkout can help it.
    const engine = join(temporary, 'elsewhere');
    await cp(join(unpacked, 'resources', 'app.asar.unpacked'), engine, { recursive: true });
    const gemel = (...args: string[]): ReturnType<typeof runCommand> =>
      runCommand(process.execPath, [join(engine, 'dist/engine/cli/main.mjs'), ...args], {
        cwd: temporary,
        env: { GEMEL_HOME: join(temporary, 'home') },
      });
    const version = await gemel('--version');
    expect(version, version.output).toMatchObject({ code: 0 });
    // Reaches the native binary.
    const created = await gemel('instance', 'create', 'PACKED');
    expect(created, created.output).toMatchObject({ code: 0 });
  });

  it('cannot be built from a configuration with a misspelt key', async () => {
    const { code, output } = await electronBuilder('-c.asarUnpakc=x');
    expect(code).not.toBe(0);
    expect(output).toContain('asarUnpakc');
  });
});
