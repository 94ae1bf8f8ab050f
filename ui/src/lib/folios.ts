// What the ranges of a type say together.

import { number } from "./format";
import type { FoliosView, RangeView } from "./types";

/** A document as every screen says it, `Nota de crédito 1`. */
export const named = ({ kind, folio }: { kind: string; folio: number }): string => `${kind} ${number(folio)}`;

/** The same of its id; the id itself where its type has no folios here. */
export function documentName(id: string, kinds: FoliosView[]): string {
  const parts = /^T(\w+)F(\d+)$/.exec(id);
  const kind = parts && kinds.find(({ series }) => series === parts[1]);
  return kind ? named({ kind: kind.name, folio: Number(parts[2]) }) : id;
}

/** A range that still has folios, none of which is given: it was stopped, and may be used again. */
export const stoppedOf = (kind?: FoliosView): RangeView | undefined =>
  kind?.ranges.find((range) => range.stopped && range.left > 0 && !range.expired && !range.annulled);
