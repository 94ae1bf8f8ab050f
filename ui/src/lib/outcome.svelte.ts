// What came of a resend, document by document: the answer says which were taken up, the pushes what became of them.

import { SvelteMap } from "svelte/reactivity";

import { counterOf, type Counter } from "./states";
import type { ResentView, RowView } from "./types";

export class Outcome {
  readonly ids: readonly string[];
  readonly queued: number;
  readonly skipped: number;
  readonly rows = new SvelteMap<string, RowView>();

  constructor(resent: ResentView, known: Iterable<RowView>) {
    this.ids = resent.documents;
    this.queued = resent.queued;
    this.skipped = resent.skipped;
    const named = new Set(this.ids);
    for (const row of known) if (named.has(row.id)) this.rows.set(row.id, row);
  }

  hear(rows: RowView[]): void {
    const named = new Set(this.ids);
    for (const row of rows) if (named.has(row.id)) this.rows.set(row.id, row);
  }

  /** How many of the named ones are where; one that nothing was heard of still waits. */
  get counts(): Record<Counter, number> {
    const counts = { queued: 0, sending: 0, at_authority: 0, accepted: 0, problem: 0 };
    for (const id of this.ids) {
      const row = this.rows.get(id);
      counts[(row && counterOf(row)) ?? "queued"]++;
    }
    return counts;
  }
}
