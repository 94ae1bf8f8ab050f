// The panel's store: what is known of the agent's state, and how it is kept true. The newest
// snapshot wins, pushed rows are patched in place, and a question every five seconds mends what a
// lost push left out.

import { SvelteMap } from "svelte/reactivity";

import { asProblem, type Port, type Problem } from "./port";
import { isFound, Rows } from "./rows.svelte";
import { inLens, type Lens } from "./states";
import type { PaperView, PushView, Query, ResentView, RowView, Snapshot } from "./types";

/** The seed's refresh, now the fallback of the push. */
export const REFRESH_MS = 5_000;
/** How long nothing must be heard before the window says so. */
export const PATIENCE_MS = 10_000;
const TYPING_MS = 180;
const MEND_MS = 300;
const PAGE = 100;

export interface Notice {
  text: string;
  /** It was not done. */
  bad: boolean;
}

export class Monitor {
  snapshot = $state.raw<Snapshot | null>(null);
  filter = $state<Lens | null>(null);
  search = $state("");
  paused = $state(false);
  /** When the agent was last heard; 0 before the first time. */
  heardAt = $state(0);
  /** When the first unanswered question was asked; `null` while it answers. */
  lostSince = $state<number | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** What came of the last act, until the next one. */
  notice = $state.raw<Notice | null>(null);
  /** The document whose sheet is open. */
  opened = $state<string | null>(null);
  /** The same document as last pushed, wherever it is in the list. */
  openedRow = $state.raw<RowView | null>(null);
  readonly rows: Rows;
  /** As last heard of: they stay selected when they leave the list. */
  readonly selected = new SvelteMap<string, RowView>();
  /** Told of every row that was pushed, paused or not. */
  onRows: (rows: RowView[]) => void = () => {};

  private unsubscribe: (() => void) | null = null;
  private typing: ReturnType<typeof setTimeout> | undefined;
  private mending: ReturnType<typeof setTimeout> | undefined;
  private subscribed = false;
  private asking = false;
  /** After a lost stream the agent may have begun to count anew. */
  private recount = false;

  constructor(
    readonly port: Port,
    private readonly now: () => number = Date.now,
  ) {
    this.rows = new Rows((cursor) => port.documents(this.query(cursor)), {
      joins: (row) => inLens(row, this.filter) && isFound(row, this.search),
      stays: (row) => inLens(row, this.filter),
    });
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

  /** Takes what the agent pushed. Paused, the rows stay as they are; the rest stays true. */
  take(push: PushView): void {
    this.heard();
    this.onRows(push.rows);
    this.openedRow = push.rows.find((row) => row.id === this.opened) ?? this.openedRow;
    for (const row of push.rows) if (this.selected.has(row.id)) this.selected.set(row.id, row);
    this.show(push.snapshot);
    if (this.paused) return;
    this.rows.patch(push.rows);
    // What is on its way already is newer than this.
    if (push.all && this.rows.known) this.mendSoon();
  }

  /** Shows a snapshot unless a newer one is shown already. */
  show(snapshot: Snapshot): void {
    const older = this.snapshot !== null && snapshot.version < this.snapshot.version;
    if (older && !this.recount) return;
    this.recount = false;
    this.snapshot = snapshot;
    // It counts anew: another agent, and nothing it says can be compared with what is listed.
    if (older && this.rows.known) void this.reload();
  }

  choose(filter: Lens | null): void {
    this.filter = this.filter === filter ? null : filter;
    this.selected.clear();
    void this.reload();
  }

  /** A search as it is typed: asked for when the fingers rest. */
  look(text: string): void {
    this.search = text;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => {
      this.selected.clear();
      void this.reload();
    }, TYPING_MS);
  }

  showAll(): void {
    clearTimeout(this.typing);
    this.search = "";
    this.filter = null;
    void this.reload();
  }

  async togglePause(): Promise<void> {
    this.paused = !this.paused;
    if (this.paused) return;
    await this.ask();
    await this.rows.refresh();
  }

  open(id: string | null): void {
    this.opened = id;
    this.openedRow = null;
  }

  toggleSelected(row: RowView): void {
    if (!this.selected.delete(row.id)) this.selected.set(row.id, row);
  }

  /** Everything between two rows, as shift-click wants it. */
  selectRange(from: number, to: number): void {
    const [first, last] = from < to ? [from, to] : [to, from];
    for (const row of this.rows.all.slice(first, last + 1)) this.selected.set(row.id, row);
  }

  resend(ids: string[]): Promise<ResentView | null> {
    return this.act(() => this.port.resend(ids));
  }

  /** Answers how it stands; `null` when nobody knows. */
  print(id: string): Promise<PaperView | null> {
    return this.act(() => this.port.print(id));
  }

  resendPending(): Promise<ResentView | null> {
    return this.act(() => this.port.resendPending());
  }

  /** Says what came of an act; the next one takes it away. */
  say(text: string | null): void {
    this.notice = text === null ? null : { text, bad: false };
  }

  /** Answers whether it was done. */
  async sending(running: boolean): Promise<boolean> {
    const done = await this.act(async () => {
      await this.port.sending(running);
      return true;
    });
    return done === true;
  }

  reload(): Promise<void> {
    return this.rows.reload();
  }

  /** What is done is done, whether or not the panel can be read afterwards. */
  private async act<A>(what: () => Promise<A>): Promise<A | null> {
    this.notice = null;
    try {
      const answer = await what();
      void this.ask().then(() => (this.paused ? undefined : this.rows.refresh()));
      return answer;
    } catch (thrown) {
      this.notice = { text: asProblem(thrown).message, bad: true };
      return null;
    }
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
      this.lostSince ??= this.heardAt || asked;
    } finally {
      this.asking = false;
    }
  }

  /** Reads again what a lost push would have told. */
  private async mend(): Promise<void> {
    await this.rows.refresh();
    this.onRows(this.rows.all.slice(0, PAGE));
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

  private query(cursor: string | null): Query {
    const query: Query = { limit: PAGE };
    if (this.filter) query.state = this.filter;
    if (this.search.trim()) query.q = this.search.trim();
    if (cursor) query.cursor = cursor;
    return query;
  }
}
