// What is typed or scanned into the code field, and quantities as a till writes them.

export interface Entry {
  /** As the document wants it: `3`, `0.5`. */
  quantity: string;
  text: string;
}

/** A dot before three figures is a thousand's in a price, so it is none of a quantity; but no thousand begins with 0. */
const QUANTITY = /^(?:\d{1,6}(?:,\d{1,3}|\.\d{1,2})?|0\.\d{3})$/;

/** `3*7801234` is three of 7801234; without a prefix it is one. `null` when there is nothing to add. */
export function parseEntry(typed: string): Entry | null {
  const parts = /^\s*([\d.,]*)\s*[*×]\s*(.*)$/.exec(typed);
  const quantity = parts ? parseQuantity(parts[1] ?? "") : "1";
  const text = (parts ? (parts[2] ?? "") : typed).trim();
  return quantity && text ? { quantity, text } : null;
}

/** What has no code, at an open price: `+1990`, or a price by itself; after `3*` three of it. */
export function parseVarious(typed: string, price: string): { quantity: string; price: number } | null {
  const parts = /^\s*(?:([\d.,]+)\s*[*×]\s*)?(?:\+(.+))?$/.exec(typed);
  const quantity = parts && (parts[1] === undefined ? "1" : parseQuantity(parts[1]));
  const pesos = parts && parsePesos(parts[2] ?? price);
  return quantity && pesos ? { quantity, price: pesos } : null;
}

/** What is written as an open price and is none (`+0`, `+1,5`, `3*+abc`), or as a figure below zero: no product's name. */
export function faultIn(text: string): "open" | "minus" | null {
  const bare = text.replace(/^\s*[\d.,]+\s*[*×]/, "").trim();
  if (bare.startsWith("+")) return "open";
  return /^[-−]\s*\$?\s*\d/.test(bare) ? "minus" : null;
}

/** `1,5` and `1.5` are `1.5`; `null` when it is no quantity or none at all. */
export function parseQuantity(typed: string): string | null {
  const text = typed.trim();
  if (!QUANTITY.test(text)) return null;
  const value = text
    .replace(",", ".")
    .replace(/^0+(?=\d)/, "")
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
  return Number(value) > 0 ? value : null;
}

/** As a person in Chile reads it: `1,5`. */
export function showQuantity(quantity: string): string {
  return quantity.replace(".", ",");
}

/** Whole pesos: `1.990`, `$ 1990` and `1990` are 1990; `null` when it is no amount. */
export function parsePesos(typed: string): number | null {
  const bare = typed.replace(/[$\s]/g, "");
  if (!/^\d{1,3}(\.\d{3})+$|^\d{1,12}$/.test(bare)) return null;
  return Number(bare.replaceAll(".", ""));
}

/** Price times quantity in whole pesos, halves up; no fraction is ever held in a float. */
export function amount(quantity: string, price: number): number {
  const [units = "0", decimals = ""] = quantity.split(".");
  const thousandths = BigInt(units + decimals.padEnd(3, "0").slice(0, 3));
  return Number((thousandths * BigInt(price) + 500n) / 1000n);
}

/** Only digits, as long as a bar code. */
export function looksScanned(text: string): boolean {
  return /^\d{6,14}$/.test(text);
}
