// What can be done with documents. Each is asked about first, by the dialog of its name.

import type { RowView } from "../../lib/types";

export type Act =
  | { what: "resend"; rows: RowView[] | "pending" | "found" }
  | { what: "reissue"; row: RowView; lost?: boolean }
  | { what: "annulled"; row: RowView }
  | { what: "verdict"; row: RowView }
  | { what: "note"; row: RowView };
