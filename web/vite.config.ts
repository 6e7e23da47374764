import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Bootstrap's images in its stylesheet, as files: the content security policy forbids data URLs. */
function imageFiles(): Plugin {
  return {
    name: 'image-files',
    enforce: 'post',
    generateBundle(_, bundle) {
      for (const output of Object.values(bundle)) {
        if (output.type !== 'asset' || !output.fileName.endsWith('.css')) continue;
        output.source = String(output.source).replace(
          /url\((["']?)data:image\/svg\+xml,(.*?)\1\)/g,
          (_match, _quote, encoded: string) => {
            // Some signs stand for themselves, also the one that begins an escape.
            const source = encoded.replace(/%[\da-f]{2}/gi, decodeURIComponent);
            const name = this.emitFile({ type: 'asset', name: 'image.svg', source });
            return `url(${this.getFileName(name).replace('assets/', '')})`;
          },
        );
      }
    },
  };
}

/** Removes the inline style of wavesurfer.js, which the content security policy forbids. */
function noInlineStyle(): Plugin {
  return {
    name: 'no-inline-style',
    transform(code, id) {
      if (!id.includes('/wavesurfer.js/')) return undefined;
      const result = code.replace(/<style[^]*?<\/style>/, '');
      if (result === code) this.error('wavesurfer.js has no inline style any more.');
      return { code: result, map: null };
    },
  };
}

/** Compressed copies of all texts, which the server sends as they are. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const [name, output] of Object.entries(bundle)) {
          if (!/\.(js|css|html|svg|json)$/.test(name)) continue;
          const source = Buffer.from(output.type === 'chunk' ? output.code : output.source);
          if (source.length < 1024) continue;
          const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
          const br = brotliCompressSync(source, quality);
          this.emitFile({ type: 'asset', fileName: `${name}.br`, source: br });
          this.emitFile({ type: 'asset', fileName: `${name}.gz`, source: gzipSync(source) });
        }
      },
    },
  };
}

export default defineConfig({
  base: '/app/',
  plugins: [svelte(), noInlineStyle(), imageFiles(), compressed()],
  resolve: {
    alias: {
      'securetranscribe-js': path('../libs/sdk-js/src/index.ts'),
      'openapi-fetch': path('./node_modules/openapi-fetch'),
    },
    conditions: process.env.VITEST ? ['browser'] : undefined,
  },
  build: {
    outDir: path('../services/gateway/src/gateway/static/app'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    // Most licenses of the bundled packages ask for their text.
    license: { fileName: 'licenses.md' },
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:8000',
      '/ws': { target: 'ws://127.0.0.1:8000', ws: true },
    },
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'] },
});
