import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackupHead } from '../../api/backup.ts';
import { GemelError } from '../../api/errors.ts';
import { realFiles } from '../../io/index.ts';
import { PIECE_BYTES } from './format.ts';
import { readBackup, readBackupHead } from './read.ts';
import { decodeUndo, encodeUndo, type UndoEntry } from './undo.ts';
import { publishBackup, writeBackup } from './write.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-backup-'));
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

interface Content {
  readonly bytes: Buffer;
  readonly undo: readonly UndoEntry[];
}

function headOf(contents: readonly Content[]): BackupHead {
  const of = (n: number, bytes: number): BackupHead['databases'][number] => ({
    name: `D${n}`,
    guid: `guid-${n}`,
    mirror: null,
    journalId: 'j',
    position: { file: 1, offset: 4096 + n },
    openStart: null,
    bytes,
    lineage: [],
  });
  const databases = contents.map(({ bytes }, n) => of(n, bytes.length));
  return { id: 'id', version: '1', instance: 'I', instanceGuid: 'g', timeMs: 5, databases };
}

function made(contents: readonly Content[], onProgress: (bytes: number) => void = () => undefined): string {
  const sources = contents.map(({ bytes, undo }, n) => {
    const source = path.join(root, `source-${n}`);
    fs.writeFileSync(source, bytes);
    return { path: source, undo };
  });
  const file = path.join(root, 'backup');
  fs.rmSync(file, { force: true });
  const names = { path: file, draft: `${file}.partial` };
  writeBackup({ files: realFiles, ...names, head: headOf(contents), sources, level: 1, progress: onProgress });
  publishBackup(realFiles, names);
  return file;
}

function contentOf(file: string): Content[] {
  const found: { pieces: Buffer[]; undo: readonly UndoEntry[] }[] = [];
  const at = (n: number): (typeof found)[number] => (found[n] ??= { pieces: [], undo: [] });
  const { head } = readBackup(realFiles, file, {
    file: (n, offset, content) => {
      expect(Buffer.concat(at(n).pieces).length).toBe(offset);
      at(n).pieces.push(Buffer.from(content));
    },
    undo: (n, entries) => (at(n).undo = entries),
    progress: () => undefined,
  });
  return head.databases.map((_, n) => ({ bytes: Buffer.concat(at(n).pieces), undo: at(n).undo }));
}

function refusal(act: () => unknown): GemelError {
  try {
    act();
  } catch (error) {
    if (error instanceof GemelError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

const text = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 6 });
const undo = fc.array(fc.record({ key: text, old: fc.option(text, { nil: undefined }) }), { maxLength: 5 });

describe('a backup file', () => {
  it('gives back what was put into it', () => {
    const content = fc.record({ bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), undo });
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 3 }), (contents) => {
        expect(contentOf(made(contents))).toEqual(contents);
      }),
      { numRuns: 30 },
    );
  });

  it('has files of many pieces, and ones that cannot be compressed', () => {
    const random = Buffer.alloc(2 * PIECE_BYTES + 17);
    for (let n = 0, x = 1; n < random.length; n++) random[n] = (x = (x * 1103515245 + 12345) & 0x7fffffff) >>> 16;
    const contents = [
      { bytes: random, undo: [] },
      { bytes: Buffer.alloc(3 * PIECE_BYTES), undo: [{ key: 'k', old: undefined }] },
    ];
    const file = made(contents);
    expect(fs.statSync(file).size).toBeLessThan(2.2 * PIECE_BYTES);
    expect(contentOf(file).map(({ bytes }, n) => bytes.equals(contents[n]?.bytes ?? Buffer.alloc(0)))).toEqual([true, true]);
    expect(readBackupHead(realFiles, file)).toEqual(headOf(contents));
  });

  it('is refused wherever a byte of it is changed or it ends too early, with file and offset', () => {
    const file = made([
      { bytes: Buffer.from('a database, or so'), undo: [{ key: 'k', old: 'v' }] },
      { bytes: Buffer.alloc(5000, 7), undo: [] },
    ]);
    const whole = fs.readFileSync(file);
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      fs.writeFileSync(file, changed);
      const error = refusal(() => contentOf(file));
      expect(['DAMAGED', 'FOREIGN', 'VERSION']).toContain(error.code);
      if (at >= 16) expect(error).toMatchObject({ code: 'DAMAGED', what: expect.stringMatching(/backup is damaged at offset \d+: /) });
    }
    for (let length = 0; length < whole.length; length++) {
      fs.writeFileSync(file, whole.subarray(0, length));
      expect(refusal(() => contentOf(file)).code).toBe(length < 16 ? 'FOREIGN' : 'DAMAGED');
    }
    fs.writeFileSync(file, Buffer.concat([whole, Buffer.from('x')]));
    expect(refusal(() => contentOf(file)).what).toMatch(/something stands behind its end/);
  });

  it('of another program or version is told from a damaged one', () => {
    const file = made([{ bytes: Buffer.from('x'), undo: [] }]);
    const whole = fs.readFileSync(file);
    whole.writeUInt32LE(2, 8);
    fs.writeFileSync(file, whole);
    expect(refusal(() => readBackupHead(realFiles, file))).toMatchObject({ code: 'VERSION', what: expect.stringContaining('format 2') });
    fs.writeFileSync(file, 'SQLite format 3\0 and more');
    expect(refusal(() => readBackupHead(realFiles, file)).code).toBe('FOREIGN');
    expect(refusal(() => readBackupHead(realFiles, path.join(root, 'none'))).code).toBe('NOT_FOUND');
  });

  it('leaves nothing when it is given up, and overwrites nothing', () => {
    const content = { bytes: Buffer.alloc(10), undo: [] };
    const given = (): never => {
      throw new GemelError('DISK_FULL', 'no room');
    };
    expect(refusal(() => made([content], given)).code).toBe('DISK_FULL');
    expect(fs.readdirSync(root)).toEqual(['source-0']);
    const [file, draft] = [path.join(root, 'there'), path.join(root, 'draft')];
    fs.writeFileSync(file, 'mine');
    fs.writeFileSync(draft, 'new');
    expect(refusal(() => publishBackup(realFiles, { path: file, draft })).code).toBe('EXISTS');
    expect([fs.readFileSync(file, 'utf8'), fs.existsSync(draft)]).toEqual(['mine', false]);
  });
});

it('what open transactions changed is read as it was written, and nothing else is', () => {
  fc.assert(
    fc.property(undo, (entries) => {
      const bytes = encodeUndo(entries);
      expect(decodeUndo(bytes)).toEqual(entries);
      if (bytes.length > 0) expect(decodeUndo(bytes.subarray(0, bytes.length - 1))?.length ?? -1).toBeLessThan(entries.length);
    }),
  );
});
