import fs from 'node:fs';
import path from 'node:path';
import { GemelError } from '../api/errors.ts';
import { errorCode } from '../io/error-code.ts';
import { fileError } from '../io/index.ts';
import { readSettings, writeSettings, type Settings } from './settings.ts';

/** Where everything of one instance is (INTERFACES: "Layout of an instance directory"). Absolute paths. */
export interface InstancePaths {
  readonly directory: string;
  /** gemel.cpf */
  readonly settings: string;
  readonly mgr: string;
  readonly journal: string;
  /** Sockets, the lock, the output of the process. */
  readonly run: string;
  readonly control: string;
  readonly output: string;
}

export function instancePaths(directory: string): InstancePaths {
  const root = path.resolve(directory);
  const mgr = path.join(root, 'mgr');
  const run = path.join(root, 'run');
  return {
    directory: root,
    settings: path.join(root, 'gemel.cpf'),
    mgr,
    journal: path.join(mgr, 'journal'),
    run,
    control: path.join(run, 'control.sock'),
    output: path.join(run, 'output.log'),
  };
}

/**
 * Makes the directory of a new instance. The settings file comes last: a directory without one was never finished.
 * Throws EXISTS when something is there already, RIGHTS or IO when it cannot be made.
 */
export function createInstanceDirectory(directory: string, settings: Settings): InstancePaths {
  const paths = instancePaths(directory);
  if (fs.existsSync(paths.directory) && fs.readdirSync(paths.directory).length > 0) {
    throw new GemelError(
      'EXISTS',
      `${paths.directory} is not empty.`,
      'Nothing in it was changed.',
      'Choose another directory for the new instance.',
    );
  }
  try {
    for (const each of [paths.directory, paths.mgr, paths.journal, paths.run]) makeDirectories(each);
  } catch (error) {
    throw fileError(error, 'make', paths.directory);
  }
  writeSettings(paths.settings, settings);
  return paths;
}

/** Step by step: where a file system takes no new directories, the recursive mkdir of Node never comes back. */
function makeDirectories(directory: string): void {
  if (fs.existsSync(directory)) return;
  makeDirectories(path.dirname(directory));
  fs.mkdirSync(directory, { mode: 0o700 });
}

/**
 * Checks that a directory is a sound instance that this process may use, and reads its settings.
 * Throws NOT_FOUND, FOREIGN, DAMAGED, VERSION or RIGHTS, each saying what is wrong.
 */
export function checkInstanceDirectory(directory: string): { paths: InstancePaths; settings: Settings } {
  const paths = instancePaths(directory);
  const untouched = 'Nothing in it was changed.';
  if (!isDirectory(paths.directory)) {
    throw new GemelError(
      'NOT_FOUND',
      `There is no directory ${paths.directory}.`,
      '',
      'Check that its disk is mounted, or delete the instance from this host.',
    );
  }
  if (!fs.existsSync(paths.settings)) {
    if (!isDirectory(paths.mgr))
      throw new GemelError(
        'FOREIGN',
        `${paths.directory} is not the directory of a Gemel instance: it has no gemel.cpf.`,
        untouched,
        'Give the directory of an instance.',
      );
    throw new GemelError(
      'DAMAGED',
      `The settings file ${paths.settings} is missing.`,
      untouched,
      'Put it back from a backup before starting the instance.',
    );
  }
  const settings = readSettings(paths.settings);
  for (const part of [paths.mgr, paths.journal]) {
    if (!isDirectory(part))
      throw new GemelError(
        'DAMAGED',
        `The directory ${part} of the instance is missing.`,
        untouched,
        'Check that its disk is mounted, or put it back from a backup.',
      );
  }
  for (const part of [paths.directory, paths.mgr, paths.journal]) checkWritable(part);
  fs.mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  return { paths, settings };
}

function isDirectory(file: string): boolean {
  try {
    return fs.statSync(file).isDirectory();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return false;
    throw fileError(error, 'look at', file);
  }
}

function checkWritable(directory: string): void {
  try {
    fs.accessSync(directory, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw fileError(error, 'write in', directory);
  }
}
