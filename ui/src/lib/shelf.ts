// What this window sold before, found by the beginning of any of its words, accents or none.

export interface Item {
  name: string;
  price: number;
  code?: string | null;
  /** How often it was rung up. */
  sold?: number;
}

/** So many are shown. */
const MOST = 6;

/** Each typed word begins a word of the name; what is rung up most comes first. */
export function found(items: Item[], typed: string): Item[] {
  const wanted = words(typed);
  // A letter or two digits find half a shop, and all digits are a code.
  if (plain(typed).length < 2 || /^\d*$/.test(typed)) return [];
  const once = new Map(items.map((item) => [`${item.name} ${item.code ?? ""}`, item]));
  return [...once.values()]
    .filter(({ name }) => wanted.every((word) => words(name).some((one) => one.startsWith(word))))
    .sort((a, b) => (b.sold ?? 0) - (a.sold ?? 0) || a.name.localeCompare(b.name, "es"))
    .slice(0, MOST);
}

const plain = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

const words = (text: string) => plain(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
