export { benchNames, runBench, type BenchName } from './benchmarks.ts';
export { HEADING, lineText } from './line.ts';
export { LoadOptions, spawnLoad, type LoadResult } from './load.ts';
