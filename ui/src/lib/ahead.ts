// What is entered and stands in no line of the sale yet. While one is being issued it belongs to the
// next sales, and to no other.

import type { Way } from "./payment";
import type { Line } from "./sale-json";
import { T } from "./text";

/** What stands in the code and price fields and is in no line yet. */
export interface Typing {
  text: string;
  price: string;
  /** A code nobody knows yet: its name is asked for. */
  fresh: { code: string; quantity: string } | null;
  /** It was begun while a sale was being issued: it belongs to the next one. */
  ahead: boolean;
}

export const nothing = (): Typing => ({ text: "", price: "", fresh: null, ahead: false });

/** A sale that waits until the one before it has ended. */
export interface Ahead {
  lines: Line[];
  kind: 39 | 33;
  way: Way;
  /** The charge was pressed for it: it is charged when its turn comes. */
  charged: boolean;
  /** Something was asked for that has to wait (a discount, a tip, a buyer): it is charged by hand. */
  held: boolean;
}

/** The one that what is entered now belongs to; one that the charge was pressed for takes nothing more. */
export function lastOf(waiting: Ahead[]): Ahead {
  const last = waiting.at(-1);
  if (last && !last.charged) return last;
  waiting.push({ lines: [], kind: 39, way: "efectivo", charged: false, held: false });
  return waiting.at(-1) as Ahead;
}

/** One more of a line that is there already, or another line. */
export function put(lines: Line[], line: Line): void {
  const { name, code, price, quantity } = line;
  // «Varios» has another price each time.
  const same = lines.find((one) => one.name === name && one.code === code && one.price === price && !one.off && name !== T.sale.various);
  if (!same || !Number.isInteger(Number(same.quantity)) || !Number.isInteger(Number(quantity))) return void lines.push(line);
  same.quantity = String(Number(same.quantity) + Number(quantity));
  delete same.typed;
}
