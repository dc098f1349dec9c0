import { realClock, type Clock } from './clock.ts';
import { realCompressor, type Compressor } from './compression.ts';
import { realFiles, type Files } from './files.ts';
import { realRandom, type Random } from './random.ts';
import { realTurns, type Turns } from './turns.ts';

/** What a part of the engine that is to run in the simulator gets of the outside world. */
export interface Io {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly turns: Turns;
  readonly compressor: Compressor;
}

export const realIo: Io = { clock: realClock, random: realRandom, files: realFiles, turns: realTurns, compressor: realCompressor };
