import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import svelte from 'eslint-plugin-svelte';
import tseslint from 'typescript-eslint';

const root = process.env.GEMEL_LINT_ROOT ?? fileURLToPath(new URL('../..', import.meta.url));
const nondeterministic = 'Decisions have to be repeatable in the simulator: take it from engine/io.';
const notInEngine = [
  { object: 'Date', property: 'now', message: nondeterministic },
  { object: 'Math', property: 'random', message: nondeterministic },
  { object: 'performance', property: 'now', message: nondeterministic },
];
const timers = ['setTimeout', 'setInterval'].map((name) => ({ name, message: nondeterministic }));
const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'Use a named export: one name per thing, everywhere.' };
const noBareDate = { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: nondeterministic };
const noElectron = { name: 'electron', message: 'Only main/shell/electron may import electron.' };
/** `import fs from 'fs'` and `import fs from 'node:fs'` are the same module; one spelling is enough. */
const bareBuiltins = builtinModules
  .filter((name) => !name.startsWith('_') && !name.includes('/'))
  .map((name) => ({ name, message: `Write node:${name}.` }));
const configFiles = ['**/*.config.{js,ts}', 'resources/tooling/reporters/*.ts', 'resources/tooling/dependency-cruiser.js'];

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'coverage/', 'test-results/', 'playwright-report/', '.gemel-*/', 'resources/tooling/fixtures/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.base,
  ...tseslint.configs.recommended.slice(1),
  ...svelte.configs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root, extraFileExtensions: ['.svelte'] } },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-restricted-syntax': ['error', noDefaultExport],
      'no-restricted-imports': ['error', { paths: [noElectron, ...bareBuiltins] }],
      'no-constant-condition': ['error', { checkLoops: false }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      // Does not know that a reason may follow the code of a svelte-ignore comment.
      'svelte/no-unused-svelte-ignore': 'off',
    },
  },
  {
    // A forgotten await is a lost error: worth the types it takes to see one.
    files: ['{engine,main,resources,e2e}/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // Plain JavaScript and Svelte files are not part of a TypeScript project of the linter.
    files: ['**/*.js', '**/*.svelte', '**/*.svelte.ts', 'renderer/**/*.ts'],
    languageOptions: { parserOptions: { projectService: false, project: false, parser: tseslint.parser } },
  },
  { files: ['**/*.js'], languageOptions: { parserOptions: { parser: undefined } } },
  {
    files: ['engine/**/*.ts'],
    ignores: ['engine/io/**', 'engine/cli/**', '**/*.test.ts', '**/*.bench.ts'],
    rules: {
      'no-restricted-properties': ['error', ...notInEngine],
      'no-restricted-globals': ['error', ...timers],
      'no-restricted-syntax': ['error', noDefaultExport, noBareDate],
    },
  },
  {
    files: ['main/shell/electron/**/*.ts', 'e2e/desktop/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: bareBuiltins }] },
  },
  {
    files: [...configFiles, '**/*.svelte'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
