import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { anyFreePort } from '../../engine/instance/host.ts';
import { errorCode } from '../../engine/io/error-code.ts';

/** Who tests here has promised which port: a file for each, with the process that has it. */
const CLAIMS = path.join(os.tmpdir(), `gemel-test-ports-${os.userInfo().uid}`);
const claimed = new Set<string>();

/**
 * A free port that no other test on this computer is given while this process lives: an instance of a test is often down for a while,
 * and finds its port free when it is started again.
 */
export async function portOfTest(): Promise<number> {
  for (;;) {
    const port = await anyFreePort();
    if (claim(port)) return port;
  }
}

/** False when somebody has it. What a process has left that has ended is free at the next try. */
export function claim(port: number): boolean {
  fs.mkdirSync(CLAIMS, { recursive: true });
  const file = path.join(CLAIMS, String(port));
  try {
    fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    if (isLeft(file)) fs.rmSync(file, { force: true });
    return false;
  }
  if (claimed.size === 0) process.once('exit', () => claimed.forEach((each) => fs.rmSync(each, { force: true })));
  claimed.add(file);
  return true;
}

function isLeft(file: string): boolean {
  try {
    process.kill(Number(fs.readFileSync(file, 'utf8')), 0);
    return false;
  } catch (error) {
    // ENOENT: it was left until now, and another test has seen it, too.
    return ['ESRCH', 'ENOENT'].includes(errorCode(error) ?? '');
  }
}
