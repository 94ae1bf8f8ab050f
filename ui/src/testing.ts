// Set up before each test file: what the browser of the tests lacks, and a clean memory.

import "@testing-library/jest-dom/vitest";
import { afterEach, vi } from "vitest";

Element.prototype.scrollIntoView ??= () => {};

afterEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  vi.useRealTimers();
});
