// The store of the room of documents: a list of its own, read when someone comes in, beside the panel's pulse.

import { Listing } from "./listing.svelte";
import type { Monitor } from "./monitor.svelte";
import { asProblem, type Problem } from "./port";
import type { FoundView, RowView, Snapshot } from "./types";

const COUNT_MS = 350;

export class Documents extends Listing {
  /** All that is asked for, counted; `null` until it is known. */
  found = $state.raw<FoundView | null>(null);

  private counting: ReturnType<typeof setTimeout> | undefined;
  private turn = 0;

  constructor(private readonly monitor: Monitor) {
    super(monitor.port);
  }

  get snapshot(): Snapshot | null {
    return this.monitor.snapshot;
  }

  get seen(): Snapshot | null {
    return this.monitor.seen;
  }

  get paused(): boolean {
    return this.monitor.paused;
  }

  get problem(): Problem | null {
    return this.monitor.problem;
  }

  /** Someone comes in. Returns what is to be done when they leave. */
  enter(): () => void {
    void this.reload();
    return () => {
      clearTimeout(this.counting);
      clearTimeout(this.typing);
    };
  }

  override async reload(): Promise<void> {
    this.count();
    await super.reload();
    if (this.paused) this.monitor.hold();
  }

  /** Rows as pushed to the panel. */
  take(rows: RowView[]): void {
    this.hear(rows);
    if (this.rows.known && !this.paused) this.rows.patch(rows);
  }

  async act<A>(what: () => Promise<A>): Promise<A | null> {
    const answer = await this.monitor.act(what);
    this.notice = this.monitor.notice;
    // It was asked for here, and is said here.
    this.monitor.notice = null;
    if (answer !== null && this.rows.known) void this.rows.refresh();
    return answer;
  }

  /** Writes what is found into a file; answers where it is. */
  async exported(form: "csv" | "xml"): Promise<string | null> {
    this.notice = null;
    try {
      return await this.port.exportFound(this.wanted(), form);
    } catch (thrown) {
      this.notice = { text: asProblem(thrown).message, bad: true };
      return null;
    }
  }

  /** Counted when the fingers rest: it looks at more documents than a page does. */
  private count(): void {
    this.found = null;
    clearTimeout(this.counting);
    const turn = ++this.turn;
    this.counting = setTimeout(() => {
      this.port.count(this.wanted()).then(
        (found) => {
          if (turn === this.turn) this.found = found;
        },
        () => {}, // The list says that it can't be read.
      );
    }, COUNT_MS);
  }
}
