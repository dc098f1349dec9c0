import { DatabaseWriter } from './writer.ts';

/** A process of its own that writes batches until it is killed; prints the number of each committed one. */
const writer = DatabaseWriter.open(process.argv[2] ?? '');
for (let batch = (writer.position?.offset ?? 0) + 1; ; batch++) {
  writer.begin();
  for (let i = 0; i < 300; i++) writer.upsert(`k${i}\0`, String(batch));
  writer.commit({ position: { file: 1, offset: batch }, openStart: null });
  if (batch % 3 === 0) writer.checkpointWal();
  process.stdout.write(`${batch}\n`);
}
