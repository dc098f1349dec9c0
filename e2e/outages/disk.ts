import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** File systems under a directory of a member's own, that fail when a test says so. Need root. */

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(MIB);
const SIZE_MIB = 64;
/** Tells a file system of this family that its device is gone for good, keeping nothing more of what it has in memory. */
const SHUT_DOWN = 'open(my $d, "<", $ARGV[0]) or die $!; my $how = pack("L", 2); ioctl($d, 0x8004587d, $how) or die "shut down: $!"';

export interface TestDisk {
  /** Takes the place of the directory, which must be empty. */
  mount(): void;
  /** Nothing may be open on it any more. */
  remove(): void;
}

/** In memory, with little room. */
export class SmallDisk implements TestDisk {
  readonly #at: string;

  constructor(at: string) {
    this.#at = at;
  }

  get #filler(): string {
    return path.join(this.#at, 'filler');
  }

  mount(): void {
    fs.mkdirSync(this.#at, { recursive: true });
    run('mount', '-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'outage', this.#at);
  }

  /** No room is left but what files have reserved. */
  fill(): void {
    const file = fs.openSync(this.#filler, 'a');
    try {
      for (;;) fs.writeSync(file, PIECE);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      fs.closeSync(file);
    }
  }

  makeRoom(): void {
    fs.rmSync(this.#filler);
  }

  remove(): void {
    run('umount', this.#at);
  }
}

/** In a file: one that breaks, and can be repaired; or that does nothing for a while. */
export class BrittleDisk implements TestDisk {
  readonly #at: string;
  readonly #image: string;

  /** @param image a file that is made */
  constructor(at: string, image: string) {
    this.#at = at;
    this.#image = image;
  }

  mount(): void {
    fs.mkdirSync(this.#at, { recursive: true });
    fs.writeFileSync(this.#image, '');
    fs.truncateSync(this.#image, SIZE_MIB * MIB);
    run('mke2fs', '-q', '-F', '-t', 'ext4', '-m', '0', '-J', 'size=4', this.#image);
    this.#mountImage();
  }

  #mountImage(): void {
    run('mount', '-o', 'loop', this.#image, this.#at);
  }

  /** From now on whatever is done with it fails with EIO; what was synced before is kept. */
  break(): void {
    run('perl', '-e', SHUT_DOWN, this.#at);
  }

  /** Nothing may be open on it. */
  repair(): void {
    run('umount', this.#at);
    this.#mountImage();
  }

  /** From now on writes wait, and so does the end of a process that writes: to be ended by `goOn` whatever happens. */
  hang(): void {
    run('fsfreeze', '--freeze', this.#at);
  }

  goOn(): void {
    run('fsfreeze', '--unfreeze', this.#at);
  }

  remove(): void {
    run('umount', this.#at);
  }
}

/** Why this process cannot make disks that break; null: it can. */
export function brittleDiskRefused(): string | null {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-disk-'));
  const disk = new BrittleDisk(path.join(root, 'disk'), path.join(root, 'image'));
  try {
    disk.mount();
    try {
      disk.hang();
      disk.goOn();
      disk.break();
    } finally {
      disk.remove();
    }
    return null;
  } catch (error) {
    return `the kernel or its tools refuse disks that break: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
