// Light and dark, and how large the letters are. Until a person chooses, the system's choice is followed.

import { forget, recall, remember } from "./memory";

export type Theme = "light" | "dark";

/** Of the system's own size of letters, in percent. */
export const SIZES = [100, 115, 130] as const;
export type Size = (typeof SIZES)[number];

const system = () => matchMedia("(prefers-color-scheme: dark)");

function show(theme: Theme | null): void {
  document.documentElement.dataset.theme = theme ?? (system().matches ? "dark" : "light");
}

/** What a person chose; `null` follows the system. */
export const chosenTheme = (): Theme | null => recall<Theme>("theme");

export function chooseTheme(theme: Theme | null): void {
  if (theme) remember("theme", theme);
  else forget("theme");
  show(theme);
}

export function chosenSize(): Size {
  const kept = recall<number>("size");
  return SIZES.find((size) => size === kept) ?? 100;
}

export function chooseSize(size: Size): void {
  remember("size", size);
  document.documentElement.style.fontSize = size === 100 ? "" : `${size}%`;
}

export function startTheme(): void {
  show(chosenTheme());
  chooseSize(chosenSize());
  system().addEventListener("change", () => show(chosenTheme()));
}

export function toggleTheme(): void {
  chooseTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
}
