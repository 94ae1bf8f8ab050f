// What stands in the way of any charge, as the panel tells it.

import { stoppedOf } from "../../lib/folios";
import type { Snapshot } from "../../lib/types";

export type Cause = "folios" | "range" | "certificate" | "store" | "locked" | "clock" | "setup";

export interface Block {
  cause: Cause;
  /** The document that can't be issued. */
  what: string;
  text: string;
}

/** What stands in the way of a record too, which takes neither folio nor signature. */
const OF_RECORDS: Cause[] = ["store", "setup"];

/** `null` when a document of that kind can be issued; or with `byVoucher`, when its sale can be recorded. */
export function blockOf(snapshot: Snapshot | null, kind: number, what: string, byVoucher = false): Block | null {
  const block = snapshot && ofDocuments(snapshot, kind, what);
  return block && byVoucher && !OF_RECORDS.includes(block.cause) ? null : block;
}

function ofDocuments({ stopped, folios }: Snapshot, kind: number, what: string): Block | null {
  if (stopped) return { cause: causeOf(stopped.code), what, text: stopped.text };
  const own = folios.find(({ series }) => series === String(kind));
  if (own && own.left > 0) return null;
  const held = stoppedOf(own);
  return held ? { cause: "range", what, text: held.stopped ?? "" } : { cause: "folios", what, text: "" };
}

function causeOf(code: string): Cause {
  if (code === "store" || code === "locked" || code === "setup") return code;
  return code.startsWith("clock") ? "clock" : "certificate";
}
