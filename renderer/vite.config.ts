import { svelte } from '@sveltejs/vite-plugin-svelte';
import { optimizeCss, optimizeImports } from 'carbon-preprocess-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin, type UserConfig } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Carbon's style sheet names fonts on a public CDN; the console loads nothing from outside, so those rules go (the fonts come from @fontsource). */
function stripRemoteFonts(): Plugin {
  return {
    name: 'gemel-strip-remote-fonts',
    enforce: 'pre',
    transform(code, id) {
      if (!/carbon-components-svelte\/css\/.*\.css/.test(id)) return undefined;
      return { code: code.replace(/@font-face\s*{[^}]*}/g, ''), map: null };
    },
  };
}

/** What the shipped page and the fixture page have in common. */
export function baseConfig(root: string, outDir: string): UserConfig {
  return {
    root,
    base: './',
    publicDir: false,
    plugins: [stripRemoteFonts(), svelte({ configFile: false, preprocess: [optimizeImports()] }), optimizeCss({ silent: true })],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2024',
      // Nothing inlined: the content security policy allows no data: sources for fonts and scripts.
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 1500,
    },
  };
}

export default defineConfig(baseConfig(here, fileURLToPath(new URL('../dist/renderer', import.meta.url))));
