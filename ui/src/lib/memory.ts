// What this window remembers between sales and between days. Nothing in it is the truth: without
// it everything works, with more typing.

const PREFIX = "timbre.";

export function recall<T>(name: string): T | null {
  try {
    const kept = localStorage.getItem(PREFIX + name);
    return kept === null ? null : (JSON.parse(kept) as T);
  } catch {
    return null;
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A full or forbidden store only means more typing.
  }
}
