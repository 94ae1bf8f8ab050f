// What stands in the way of any charge, as the panel tells it.

import type { Snapshot } from "../../lib/types";

export type Cause = "folios" | "certificate" | "store" | "locked" | "clock" | "setup";

export interface Block {
  cause: Cause;
  /** The document that can't be issued. */
  what: string;
  text: string;
}

/** `null` when a document of that kind can be issued. */
export function blockOf(snapshot: Snapshot | null, kind: number, what: string): Block | null {
  if (!snapshot) return null;
  const { stopped, folios } = snapshot;
  if (stopped) return { cause: causeOf(stopped.code), what, text: stopped.text };
  const left = folios.find(({ series }) => series === String(kind))?.left ?? 0;
  return left > 0 ? null : { cause: "folios", what, text: "" };
}

function causeOf(code: string): Cause {
  if (code === "store" || code === "locked" || code === "setup") return code;
  return code.startsWith("clock") ? "clock" : "certificate";
}
