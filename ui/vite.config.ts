import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

// The page is served under a policy that allows no inline script, style or data font. In a browser
// `npm run dev` shows the demo shop; in the desktop window the same server talks to the agent.
export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  server: { port: 5173, strictPort: true, fs: { allow: [".", "../icons"] } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/testing.ts"],
    // The colours are judged by a test; the rest of the styles only costs time.
    css: { include: [/app\.css/] },
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
