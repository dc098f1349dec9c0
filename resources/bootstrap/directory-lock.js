import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A holder that has not even written its name after this long died in between. */
const NAMELESS_MS_MAX = 10_000;
const POLL_MS = 250;

/**
 * Runs `work` while holding the lock `directory`: creating a directory is atomic on every file system. A lock whose
 * holder is no longer alive is taken over.
 *
 * @template T
 * @param {string} directory the lock; its parent exists
 * @param {{ waiting: () => void, work: () => T | Promise<T> }} calls `waiting` is called once when another holder has to be waited for
 * @returns {Promise<T>} what `work` returned
 */
export async function withDirectoryLock(directory, { waiting, work }) {
  const id = `${process.pid} ${randomUUID()}`;
  let told = false;
  while (!tryTake(directory, id)) {
    const holder = readHolder(directory);
    if (isStale(directory, holder)) {
      removeStale(directory, holder);
      continue;
    }
    if (!told) waiting();
    told = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  try {
    return await work();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function tryTake(directory, id) {
  try {
    mkdirSync(directory);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(directory, 'holder'), id);
  return true;
}

function readHolder(directory) {
  try {
    return readFileSync(join(directory, 'holder'), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

function isStale(directory, holder) {
  const pid = Number.parseInt(holder, 10);
  if (Number.isNaN(pid)) return ageMs(directory) > NAMELESS_MS_MAX;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function ageMs(directory) {
  try {
    return Date.now() - statSync(directory).mtimeMs;
  } catch (error) {
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
}

/** Moves the lock aside before looking again: somebody else may have replaced the dead holder's lock by his own meanwhile. */
function removeStale(directory, holder) {
  const aside = `${directory}-${randomUUID()}`;
  try {
    renameSync(directory, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (readHolder(aside) === holder) rmSync(aside, { recursive: true, force: true });
  else renameSync(aside, directory);
}
