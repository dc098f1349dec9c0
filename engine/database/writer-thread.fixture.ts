import { workerData } from 'node:worker_threads';
import { z } from 'zod';
import { DatabaseWriter } from './writer.ts';

/** A thread that writes batches, each one its number into every node, with checkpoints between them. */
const { directory, batches } = z.object({ directory: z.string(), batches: z.number() }).parse(workerData);
const writer = DatabaseWriter.open(directory);
for (let batch = 1; batch <= batches; batch++) {
  writer.begin();
  for (let i = 0; i < 100; i++) writer.upsert(`k${i}\0`, String(batch));
  writer.commit({ position: { file: 1, offset: batch }, openStart: null });
  if (batch % 4 === 0) writer.checkpointWal();
}
writer.close();
