// Light and dark. Until a person chooses, the system's choice is followed.

import { recall, remember } from "./memory";

type Theme = "light" | "dark";

const system = () => matchMedia("(prefers-color-scheme: dark)");

function show(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
}

export function startTheme(): void {
  const chosen = recall<Theme>("theme");
  show(chosen ?? (system().matches ? "dark" : "light"));
  system().addEventListener("change", (event) => {
    if (!recall<Theme>("theme")) show(event.matches ? "dark" : "light");
  });
}

export function toggleTheme(): void {
  const next: Theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  remember("theme", next);
  show(next);
}
