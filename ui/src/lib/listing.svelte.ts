// A list of documents as someone looks at it: what it is asked for, what is selected, which one is open.
// The panel and the room of documents are one each.

import { SvelteMap } from "svelte/reactivity";

import { documentName } from "./folios";
import type { Port, Problem } from "./port";
import { isFound, Rows } from "./rows.svelte";
import { inLens, type Lens } from "./states";
import { T } from "./text";
import type { NotedOrder, Query, ReissuedView, ResentView, RowView, Snapshot } from "./types";

const TYPING_MS = 180;
export const PAGE = 100;

export interface Notice {
  text: string;
  /** It was not done. */
  bad: boolean;
}

export abstract class Listing {
  filter = $state<Lens | null>(null);
  /** A type of document. */
  kind = $state<string | null>(null);
  /** The period, by date of issue, `AAAA-MM-DD`. */
  from = $state("");
  to = $state("");
  search = $state("");
  /** What came of the last act, until the next one. */
  notice = $state.raw<Notice | null>(null);
  /** The document whose sheet is open. */
  opened = $state<string | null>(null);
  /** The same document as last pushed, wherever it is in the list. */
  openedRow = $state.raw<RowView | null>(null);
  /** The document that a question is asked about, as last pushed. */
  asked = $state.raw<RowView | null>(null);
  readonly rows: Rows;
  /** As last heard of: they stay selected when they leave the list. */
  readonly selected = new SvelteMap<string, RowView>();
  protected typing: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly port: Port) {
    this.rows = new Rows((cursor) => port.documents(this.query(cursor)), {
      joins: (row) => this.wants(row) && isFound(row, this.search),
      stays: (row) => this.wants(row),
    });
  }

  abstract readonly snapshot: Snapshot | null;
  /** The snapshot that is shown, which a pause may hold. */
  abstract readonly seen: Snapshot | null;
  abstract readonly paused: boolean;
  abstract readonly problem: Problem | null;
  /** Does something, says when it can't be done, and looks again afterwards. */
  abstract act<A>(what: () => Promise<A>): Promise<A | null>;

  /** Another list than the one before begins at the top. */
  get shown(): string {
    return [this.filter, this.kind, this.from, this.to, this.search].join("\n");
  }

  /** Something is left out. */
  get narrowed(): boolean {
    return this.shown.trim() !== "";
  }

  /** The period ends before it begins: the agent refuses it. */
  get crossed(): boolean {
    return this.from !== "" && this.to !== "" && this.from > this.to;
  }

  choose(filter: Lens | null): void {
    this.filter = this.filter === filter ? null : filter;
    this.anew();
  }

  chooseKind(kind: string | null): void {
    this.kind = this.kind === kind ? null : kind;
    this.anew();
  }

  choosePeriod(from: string, to: string): void {
    [this.from, this.to] = [from, to];
    this.anew();
  }

  /** A search as it is typed: asked for when the fingers rest. */
  look(text: string): void {
    this.search = text;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.anew(), TYPING_MS);
  }

  /** Everything, from the top. */
  showAll(): void {
    clearTimeout(this.typing);
    [this.search, this.filter, this.kind, this.from, this.to] = ["", null, null, "", ""];
    void this.reload();
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

  /** Says what came of an act; the next one takes it away. */
  say(text: string | null): void {
    this.notice = text === null ? null : { text, bad: false };
  }

  reload(): Promise<void> {
    return this.rows.reload();
  }

  resend(ids: string[]): Promise<ResentView | null> {
    return this.act(() => this.port.resend(ids));
  }

  resendPending(): Promise<ResentView | null> {
    return this.act(() => this.port.resendPending());
  }

  /** All that is found, shown or not. */
  resendFound(): Promise<ResentView | null> {
    return this.act(() => this.port.resendFound(this.wanted()));
  }

  /** Its paper once more; how it stands then is said. */
  async reprint(id: string): Promise<void> {
    const paper = await this.act(() => this.port.print(id, false));
    if (paper) this.say(T.paper.done(documentName(id), T.paper.said(paper.word, paper.copy), paper.why));
  }

  reissue(id: string, sale: string | null, newNumber: boolean, who: string): Promise<ReissuedView | null> {
    return this.act(() => this.port.reissue(id, { sale, newNumber, who }));
  }

  noteVerdict(id: string, order: NotedOrder): Promise<RowView | null> {
    return this.act(() => this.port.noteVerdict(id, order));
  }

  foundAccepted(id: string, who: string): Promise<RowView | null> {
    return this.act(() => this.port.foundAccepted(id, who));
  }

  numberAnnulled(id: string, who: string): Promise<RowView | null> {
    return this.act(() => this.port.numberAnnulled(id, who));
  }

  /** What is asked for, without its page. */
  wanted(): Query {
    const query: Query = {};
    if (this.filter) query.state = this.filter;
    if (this.kind) query.type = this.kind;
    if (this.from) query.from = this.from;
    if (this.to) query.to = this.to;
    if (this.search.trim()) query.q = this.search.trim();
    return query;
  }

  /** Rows as pushed. */
  protected hear(rows: RowView[]): void {
    this.openedRow = rows.find((row) => row.id === this.opened) ?? this.openedRow;
    this.asked = rows.find((row) => row.id === this.asked?.id) ?? this.asked;
    for (const row of rows) if (this.selected.has(row.id)) this.selected.set(row.id, row);
  }

  private anew(): void {
    this.selected.clear();
    void this.reload();
  }

  /** Of the type and the days that are asked for, in whatever state. */
  protected within(row: RowView): boolean {
    const dated = (!this.from || row.date >= this.from) && (!this.to || row.date <= this.to);
    return (!this.kind || row.series === this.kind) && dated;
  }

  private wants(row: RowView): boolean {
    return inLens(row, this.filter) && this.within(row);
  }

  private query(cursor: string | null): Query {
    return { ...this.wanted(), limit: PAGE, ...(cursor ? { cursor } : {}) };
  }
}
