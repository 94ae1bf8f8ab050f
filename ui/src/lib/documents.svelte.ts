// The store of the room of documents: a list of its own, read when someone comes in, beside the panel's pulse.

import { Listing } from "./listing.svelte";
import type { Monitor } from "./monitor.svelte";
import { asProblem, type Problem } from "./port";
import type { FoundView, RowView, Snapshot } from "./types";

const COUNT_MS = 350;
/** What happens meanwhile is counted together. */
const FOLLOW_MS = 1_000;

export class Documents extends Listing {
  /** All that is asked for, counted; `null` until it is known. */
  found = $state.raw<FoundView | null>(null);

  private counting: ReturnType<typeof setTimeout> | undefined;
  private turn = 0;
  /** Someone is in the room. */
  private entered = false;
  /** A count is on its way: the next one waits for it. */
  private asking = false;
  private again = false;

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
    this.entered = true;
    void this.reload();
    return () => {
      this.entered = false;
      this.again = false;
      this.stopCounting();
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
    if (!this.rows.known || this.paused) return;
    this.rows.patch(rows);
    // One that is not listed may leave the filter too.
    if (rows.some((row) => this.within(row))) this.follow();
  }

  async act<A>(what: () => Promise<A>): Promise<A | null> {
    const answer = await this.monitor.act(what);
    this.notice = this.monitor.notice;
    // It was asked for here, and is said here.
    this.monitor.notice = null;
    if (answer !== null && this.rows.known) {
      void this.rows.refresh();
      this.follow();
    }
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
    this.turn++;
    this.stopCounting();
    this.counting = setTimeout(() => void this.ask(), COUNT_MS);
  }

  /** Counted again, of the same question: what is shown stands until then. */
  private follow(): void {
    if (this.entered) this.counting ??= setTimeout(() => void this.ask(), FOLLOW_MS);
  }

  private async ask(): Promise<void> {
    this.stopCounting();
    if (this.asking) return void (this.again = true);
    this.asking = true;
    const turn = this.turn;
    const found = await this.port.count(this.wanted()).catch(() => null); // The list says that it can't be read.
    this.asking = false;
    if (found && turn === this.turn) this.found = found;
    if (!this.again) return;
    this.again = false;
    if (turn === this.turn) this.follow();
    else void this.ask();
  }

  private stopCounting(): void {
    clearTimeout(this.counting);
    this.counting = undefined;
  }
}
