// One charge: under which key it was asked for, what the screen showed, and which answers leave open what came of it.

import type { Discount } from "./discount";
import type { Typed } from "./payment";
import type { Problem } from "./port";
import type { Line, Receiver } from "./sale-json";

/** One charge. It outlives the window: its key is the only way to learn what came of it. */
export interface Attempt {
  key: string;
  sale: object;
  /** The voucher stands for the boleta: it is recorded, not issued. */
  voucher?: boolean;
  at: number;
  /** What the screen showed. */
  shown: { kind: 39 | 33; lines: Line[]; off: Discount | null; receiver: Receiver; named: boolean; payment: Typed };
}

/** Once in doubt only these say what came of it: what stands before the agent's own answer says nothing. */
export const SETTLES = [409, 422];

/** Whether a first answer leaves open if the sale was issued: none at all, or a failure of the agent that gives no reasons. */
export function leavesDoubt({ unreachable, view }: Problem): boolean {
  return unreachable || (view.status >= 500 && view.errors.length === 0);
}

/** `randomUUID` is missing where the panel is opened from another computer over plain HTTP. */
export function newKey(): string {
  if ("randomUUID" in crypto) return crypto.randomUUID();
  const bytes = (crypto as Crypto).getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
