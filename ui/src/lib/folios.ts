// What the ranges of a type say together.

import type { FoliosView, RangeView } from "./types";

/** A range that still has folios, none of which is given: it was stopped, and may be used again. */
export const stoppedOf = (kind?: FoliosView): RangeView | undefined =>
  kind?.ranges.find((range) => range.stopped && range.left > 0 && !range.expired && !range.annulled);
