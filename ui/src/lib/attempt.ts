// One charge: under which key it was asked for, what the screen showed, and what came of it, and which answers leave that open.

import type { Discount } from "./discount";
import type { shares, Typed, Way } from "./payment";
import type { Problem } from "./port";
import type { Line, Receiver } from "./sale-json";
import type { RefusalView, RowView, VouchedView } from "./types";

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

export interface Done {
  document: RowView;
  environment: string;
  repeated: boolean;
  warnings: RefusalView[];
  way: Way;
  shares: ReturnType<typeof shares>;
  tip: number;
  /** `null` where no change is given. */
  change: number | null;
  /** What rounding added to the cash or took from it. */
  rounding: number;
  /** Everything that was collected, tip and all. */
  due: number;
  /** What a card paid of it: its voucher is the boleta of that part. */
  card: number;
  /** A note that annuls it was issued. */
  noted?: boolean;
  /** When it was charged, if that was before this window was opened. */
  left: number | null;
  /** It was there before this page was read. */
  recalled?: boolean;
}

/** A sale that its voucher stands for. */
export interface Recorded {
  record: VouchedView;
  way: Way;
  shares: ReturnType<typeof shares>;
  tip: number;
  change: number | null;
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
