// The panel's store: what is known of the agent's state, and how it is kept true. The newest
// snapshot wins, pushed rows are patched in place, and a question every five seconds mends what a
// lost push left out.

import { Listing, PAGE } from "./listing.svelte";
import { Outcome } from "./outcome.svelte";
import { asProblem, type Port, type Problem, SESSION_ENDED } from "./port";
import type { PushView, RowView, Snapshot } from "./types";

/** The seed's refresh, now the fallback of the push. */
export const REFRESH_MS = 5_000;
/** How long nothing must be heard before the window says so. */
export const PATIENCE_MS = 10_000;
const MEND_MS = 300;

export type Stale = "ended" | "barred" | "lost";

export class Monitor extends Listing {
  snapshot = $state.raw<Snapshot | null>(null);
  paused = $state(false);
  /** When what a pause holds was heard. */
  heldAt = $state(0);
  /** When the agent was last heard; 0 before the first time. */
  heardAt = $state(0);
  /** When the first unanswered question was asked; `null` while it answers. */
  lostSince = $state<number | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** What came of the last resend, document by document. */
  outcome = $state.raw<Outcome | null>(null);
  /** Told of every row that was pushed, paused or not. */
  onRows: (rows: RowView[]) => void = () => {};

  private held = $state.raw<Snapshot | null>(null);
  private unsubscribe: (() => void) | null = null;
  private mending: ReturnType<typeof setTimeout> | undefined;
  private subscribed = false;
  private asking = false;
  /** After a lost stream or an unanswered question the agent may have begun to count anew. */
  private recount = false;
  /** Runs of the agent that are over: what is still heard of them is old. */
  private readonly over = new Set<string>();

  constructor(
    port: Port,
    private readonly now: () => number = Date.now,
  ) {
    super(port);
  }

  /** What the room shows: while it is paused, what was known when it was held. */
  override get seen(): Snapshot | null {
    return this.paused ? this.held : this.snapshot;
  }

  /** The moment that is shown. */
  moment(now: number): number {
    return this.paused ? this.heldAt : now;
  }

  /** Why what is shown may be old by now: nobody is let in any more, or nothing is heard. */
  stale(now: number): Stale | null {
    if (this.problem?.view.code === SESSION_ENDED) return "ended";
    if (this.problem?.view.status === 401) return "barred";
    return this.lostSince !== null && now - this.lostSince >= PATIENCE_MS ? "lost" : null;
  }

  /** Begins to listen. Returns what ends it. */
  start(): () => void {
    this.connect();
    void this.ask();
    void this.reload();
    const timer = setInterval(() => void this.tick(), REFRESH_MS);
    return () => {
      clearInterval(timer);
      clearTimeout(this.typing);
      clearTimeout(this.mending);
      this.unsubscribe?.();
      this.unsubscribe = null;
      this.subscribed = false;
    };
  }

  /** Asks when nothing was pushed for a while, and subscribes again when the push was lost. */
  async tick(): Promise<void> {
    if (!this.subscribed) this.connect();
    // The timer and what was heard last may be out of step by a moment.
    if (this.now() - this.heardAt > REFRESH_MS / 2) {
      const before = this.snapshot?.version;
      await this.ask();
      if (!this.paused && this.snapshot && this.snapshot.version !== before) await this.mend();
    }
    if (this.rows.failed && !this.problem) await this.rows.again();
  }

  /** Takes what the agent pushed. Paused, what the room shows stays as it is; the other rooms see what is true. */
  take(push: PushView): void {
    this.heard();
    this.onRows(push.rows);
    this.hear(push.rows);
    this.outcome?.hear(push.rows, this.paused);
    this.show(push.snapshot);
    if (this.paused) return;
    this.rows.patch(push.rows);
    // What is on its way already is newer than this.
    if (push.all && this.rows.known) this.mendSoon();
  }

  /** Shows a snapshot unless a newer one is shown already. */
  show(snapshot: Snapshot): void {
    if (this.over.has(snapshot.run)) return;
    const shown = this.snapshot;
    const another = shown !== null && snapshot.run !== shown.run;
    const older = shown !== null && snapshot.version < shown.version;
    if (older && !another && !this.recount) return;
    this.recount = false;
    this.snapshot = snapshot;
    if (another) {
      this.over.add(shown.run);
      // A stream may stay open behind which nobody speaks any more.
      this.connect();
    }
    // It counts anew: nothing it says can be compared with what is listed.
    if ((older || another) && this.rows.known) void this.reload();
  }

  async togglePause(): Promise<void> {
    this.paused = !this.paused;
    if (this.paused) return this.hold();
    this.outcome?.release();
    await this.ask();
    await this.rows.refresh();
  }

  /** What is read anew while it is paused is of now, and is held from now on. */
  override async reload(): Promise<void> {
    await super.reload();
    if (this.paused) this.hold();
  }

  /** Holds what is known now. */
  hold(): void {
    [this.held, this.heldAt] = [this.snapshot, this.heardAt];
    this.outcome?.release();
  }

  /** Answers whether it was done. */
  async sending(running: boolean): Promise<boolean> {
    const done = await this.act(async () => {
      await this.port.sending(running);
      return true;
    });
    return done === true;
  }

  /** What is done is done, whether or not the panel can be read afterwards. */
  async act<A>(what: () => Promise<A>): Promise<A | null> {
    this.notice = null;
    try {
      const answer = await what();
      void this.again();
      return answer;
    } catch (thrown) {
      this.notice = { text: asProblem(thrown).message, bad: true };
      return null;
    }
  }

  /** Whoever does something wants to see it, also in a pause. */
  private async again(): Promise<void> {
    await this.ask();
    await this.rows.refresh();
    if (this.paused) this.hold();
  }

  private async ask(): Promise<void> {
    if (this.asking) return;
    const asked = this.now();
    this.asking = true;
    try {
      const snapshot = await this.port.snapshot();
      this.heard();
      this.show(snapshot);
    } catch (thrown) {
      this.problem = asProblem(thrown);
      this.recount = true;
      this.lostSince ??= this.heardAt || asked;
    } finally {
      this.asking = false;
    }
  }

  /** Reads again what a lost push would have told. */
  private async mend(): Promise<void> {
    await this.rows.refresh();
    const first = this.rows.all.slice(0, PAGE);
    this.onRows(first);
    this.hear(first);
    this.outcome?.hear(this.rows.all);
  }

  private mendSoon(): void {
    this.mending ??= setTimeout(() => {
      this.mending = undefined;
      if (!this.paused) void this.mend();
    }, MEND_MS);
  }

  private heard(): void {
    this.heardAt = this.now();
    this.lostSince = null;
    this.problem = null;
  }

  private connect(): void {
    this.unsubscribe?.();
    this.subscribed = true;
    this.unsubscribe = this.port.subscribe(
      (push) => this.take(push),
      () => {
        this.subscribed = false;
        this.recount = true;
        void this.ask();
      },
    );
  }
}
