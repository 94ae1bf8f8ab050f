// A discount as a till writes it: pesos, or a part of what it is taken from.

import { parsePesos, parseQuantity, showQuantity } from "./entry";
import { money } from "./format";

export interface Discount {
  unit: "%" | "$";
  /** `10`, `12.5`; whole when it is pesos. */
  value: string;
}

/** `10%` and `12,5 %` are parts, `500` and `$ 1.500` are pesos; `null` when it is none of them. */
export function parseDiscount(typed: string): Discount | null {
  const text = typed.trim();
  if (!text.endsWith("%")) {
    const pesos = parsePesos(text);
    return pesos ? { unit: "$", value: String(pesos) } : null;
  }
  // The document holds two decimals (schema DTE_v10, PctType).
  const value = parseQuantity(text.slice(0, -1));
  return value && /^\d+(\.\d{1,2})?$/.test(value) && Number(value) <= 100 ? { unit: "%", value } : null;
}

export function showDiscount({ unit, value }: Discount): string {
  return unit === "%" ? `${showQuantity(value)} %` : money(Number(value));
}

/** What it takes off, in whole pesos, halves up. */
export function taken(off: Discount | null | undefined, from: number): number {
  if (!off) return 0;
  if (off.unit === "$") return Number(off.value);
  const [units = "0", decimals = ""] = off.value.split(".");
  const hundredths = BigInt(units + decimals.padEnd(2, "0"));
  return Number((hundredths * BigInt(from) + 5_000n) / 10_000n);
}
