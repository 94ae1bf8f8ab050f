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

/** Answers whether it is held: of a full or forbidden store nothing but more typing comes, as a rule. */
export function remember(name: string, value: unknown): boolean {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** So many are forgotten at a time. */
const SPARED = 100;

/** What must be held: for its sake what begins with `spare` is forgotten, that first which was sold least. */
export function insist(name: string, value: unknown, spare: string): boolean {
  if (remember(name, value)) return true;
  const sold = (item: string) => recall<{ sold?: number }>(item)?.sold ?? 0;
  const items = remembered(spare).map((item) => ({ item, sold: sold(item) }));
  items.sort((a, b) => a.sold - b.sold);
  while (items.length > 0) {
    for (const { item } of items.splice(0, SPARED)) forget(item);
    if (remember(name, value)) return true;
  }
  return false;
}

export function forget(name: string): void {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // It was not kept either.
  }
}

/** What this tab remembers when its page is read anew, and no other tab or day. */
export function recallHere<T>(name: string): T | null {
  try {
    const kept = sessionStorage.getItem(PREFIX + name);
    return kept === null ? null : (JSON.parse(kept) as T);
  } catch {
    return null;
  }
}

export function rememberHere(name: string, value: unknown): void {
  try {
    sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // The last sale is then only in the Monitor.
  }
}

/** The names that begin with `start`. */
export function remembered(start: string): string[] {
  try {
    const names = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i) ?? "");
    return names.filter((name) => name.startsWith(PREFIX + start)).map((name) => name.slice(PREFIX.length));
  } catch {
    return [];
  }
}
