// What came of a resend, document by document: the answer says which were taken up, the pushes what became of them.

import { SvelteMap } from "svelte/reactivity";

import { counterOf, type Counter } from "./states";
import type { ResentView, RowView } from "./types";

export class Outcome {
  readonly ids: readonly string[];
  readonly queued: number;
  /** What was done, in words. */
  readonly said: string;
  readonly rows = new SvelteMap<string, RowView>();
  private readonly later = new Map<string, RowView>();

  constructor(resent: ResentView, said: string, known: Iterable<RowView>) {
    this.ids = resent.documents;
    this.queued = resent.queued;
    this.said = said;
    const named = new Set(this.ids);
    for (const row of known) if (named.has(row.id)) this.rows.set(row.id, row);
  }

  /** Held, it is kept for the end of the pause. */
  hear(rows: RowView[], held = false): void {
    const named = new Set(this.ids);
    for (const row of rows) if (named.has(row.id)) (held ? this.later : this.rows).set(row.id, row);
  }

  /** Shows what was heard while it was held. */
  release(): void {
    for (const [id, row] of this.later) this.rows.set(id, row);
    this.later.clear();
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
