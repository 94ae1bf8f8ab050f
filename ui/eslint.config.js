// What the compiler does not notice: promises that nobody waits for, effects that can't work, names that are never used.

import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";

import svelteConfig from "./svelte.config.js";

export default ts.config(
  { ignores: ["dist/", "node_modules/"] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    files: ["**/*.ts", "**/*.svelte"],
    languageOptions: { parserOptions: { projectService: true, extraFileExtensions: [".svelte"], parser: ts.parser, svelteConfig } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "no-console": "error",
      eqeqeq: "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // Sets and maps here are made anew at each change and shown whole: `$state.raw`.
      "svelte/prefer-svelte-reactivity": "off",
      // `{" · "}` keeps a blank that the compiler would drop.
      "svelte/no-useless-mustaches": "off",
      // It does not see every warning that the compiler gives.
      "svelte/no-unused-svelte-ignore": "off",
    },
  },
);
