/**
 * The layers: an import may only go down this list. engine/api is not in it: a leaf vocabulary that every layer may import.
 * The agent, the superserver and the web port stand side by side (see the rule of that name).
 */
const layers = [
  { name: 'renderer', path: '^renderer/' },
  { name: 'main', path: '^main/' },
  { name: 'engine/sim', path: '^engine/sim/' },
  { name: 'engine/cli', path: '^engine/cli/' },
  { name: 'engine/client', path: '^engine/client/' },
  { name: 'engine/agent, engine/superserver, engine/web', path: '^engine/(agent|superserver|web)/' },
  { name: 'engine/instance', path: '^engine/instance/' },
  { name: 'engine/mirror', path: '^engine/mirror/(?!failover/)' },
  { name: 'engine/mirror/failover', path: '^engine/mirror/failover/' },
  { name: 'engine/journal', path: '^engine/journal/' },
  { name: 'engine/database', path: '^engine/database/' },
  { name: 'engine/globals', path: '^engine/globals/' },
  { name: 'engine/io', path: '^engine/io/' },
];

/** Tests, benchmarks, and what only they use: models and stand-ins. */
const tests =
  '\\.(test|spec|bench)\\.ts$|^e2e/|/testing/|/(testing|model|memory-executor|test-[^/]+|[^/]+-fixtures?)\\.ts$|^renderer/fixtures/|^engine/sim/planted/';

const onlyDown = layers.slice(1).map((layer, i) => ({
  name: `${layer.name.replaceAll(/[/, ]+/g, '-')}-imports-only-downwards`,
  comment: `${layer.name} may not import what stands above it: ${layers
    .slice(0, i + 1)
    .map((above) => above.name)
    .join(', ')}`,
  severity: 'error',
  from: { path: layer.path, pathNot: tests },
  to: { path: layers.slice(0, i + 1).map((above) => above.path) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...onlyDown,
    {
      name: 'side-by-side',
      comment: 'The agent, the superserver and the web port do not know each other; process entries compose them.',
      severity: 'error',
      from: { path: '^engine/(agent|superserver|web)/', pathNot: tests },
      to: { path: '^engine/(agent|superserver|web)/', pathNot: '^engine/$1/' },
    },
    {
      name: 'api-is-a-leaf',
      comment: 'engine/api is vocabulary: of the engine it imports only engine/io.',
      severity: 'error',
      from: { path: '^engine/api/', pathNot: tests },
      to: { path: '^(engine|main|renderer)/', pathNot: '^engine/(api|io)/' },
    },
    {
      name: 'renderer-knows-contracts-only',
      comment: 'The page knows the shapes of engine/api and the channel map of main/contract (and asserts), nothing else.',
      severity: 'error',
      from: { path: '^renderer/', pathNot: tests },
      to: { path: '^(engine|main)/', pathNot: '^engine/api/|^engine/io/assert\\.ts$|^main/contract/' },
    },
    {
      name: 'renderer-runs-in-a-browser',
      severity: 'error',
      from: { path: '^renderer/', pathNot: `${tests}|vite\\.config\\.ts$` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-parts-do-nothing',
      comment:
        'References, subscripts and failover decisions are pure: no files, sockets, clock or randomness. Only assertions and the vocabulary.',
      severity: 'error',
      from: { path: '^engine/(globals|mirror/failover)/', pathNot: tests },
      to: { path: '^engine/io/|^node:|^[a-z_/]+$', pathNot: '^engine/(io/assert\\.ts|globals/|mirror/failover/)' },
    },
    {
      name: 'electron-stays-in-its-shell',
      severity: 'error',
      from: { pathNot: '^main/shell/electron/|^e2e/desktop/' },
      to: { path: '(^|/)node_modules/electron/|^electron$' },
    },
    {
      name: 'processes-are-started-not-imported',
      severity: 'error',
      from: { pathNot: `^engine/cli/process/|${tests}` },
      to: { path: '^engine/cli/process/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'what-runs-does-not-need-test-tools',
      comment: 'Packages that only development needs are not there in a packaged Gemel.',
      severity: 'error',
      from: { path: '^(engine|main)/', pathNot: tests },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/electron/|node_modules/@types/' },
    },
    {
      name: 'what-runs-does-not-import-tests',
      severity: 'error',
      from: { pathNot: tests },
      to: { path: tests },
    },
    {
      name: 'imports-lead-somewhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|test-results|coverage)/|^resources/tooling/fixtures/' },
    // What compiles away is known by its `import type` (verbatimModuleSyntax): read as written, in a quarter of the time of compiling all.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.svelte', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'svelte', 'node', 'types', 'default'],
    },
    skipAnalysisNotInRules: true,
  },
};
