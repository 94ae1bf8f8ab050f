// The running sale: what the cashier has put together, and the one charge that makes a document of
// it. The document's own amounts always come from the agent.

import { lastOf, nothing, put, type Ahead } from "./ahead";
import { leavesDoubt, newKey, SETTLES, type Attempt, type Done, type Recorded } from "./attempt";
import { taken, type Discount } from "./discount";
import { amount, parseQuantity } from "./entry";
import { forget, insist, recall, recallHere, remember, remembered, rememberHere } from "./memory";
import { settle, shares, unpaid, type Fault, type Settlement, type Typed, type Way } from "./payment";
import { asProblem, refused, type Port, type Problem } from "./port";
import { rutOf } from "./rut";
import { receiverIn, saleJson, type Line, type Receiver, type SaleBody } from "./sale-json";
import { found, type Item } from "./shelf";
import { T } from "./text";
import type { IssuedView, RefusalView, RowView, VouchedView } from "./types";

export const PREVIEW_MS = 250;

/** A sale that was left without an answer not longer ago than this is asked about by itself. */
export const RECENT_MS = 10 * 60_000;

/** What stands in the way of charging, and so where the focus belongs. */
export type Obstacle = "agent" | "entry" | "lines" | "quantity" | "discount" | "receiver" | "buyer" | "voucher" | "voucherTip" | Fault;

const DATA = ["name", "activity", "address", "district"] as const;
const nobody = (): Receiver => ({ rut: "", name: "", activity: "", address: "", district: "" });

export class Sale {
  lines = $state<Line[]>([]);
  kind = $state<39 | 33>(39);
  receiver = $state<Receiver>(nobody());
  /** A boleta's buyer is asked for, since somebody wishes it. */
  named = $state(false);
  /** What is taken off the whole sale. */
  off = $state<Discount | null>(null);
  payment = $state<Typed>(unpaid());
  typing = $state(nothing());
  /** What was entered while this one was being issued. */
  waiting = $state<Ahead[]>([]);
  /** The charge was pressed for this sale before its turn came. */
  pressed = $state(false);
  busy = $state(false);
  /** No answer came: the sale stays as it is until its key is asked for again. */
  doubt = $state(false);
  /** Nor one that speaks of a failure, the last time that it was asked. */
  unheard = $state(false);
  /** When the sale in doubt was charged, if that was before this window was opened. */
  leftAt = $state<number | null>(null);
  /** The RUT whose remembered data fills the receiver's fields. */
  filledFor = $state<string | null>(null);
  problem = $state.raw<Problem | null>(null);
  warnings = $state.raw<RefusalView[]>([]);
  done = $state.raw<Done | null>(null);
  recorded = $state.raw<Recorded | null>(null);
  /** Card vouchers stand for boletas today, as the agent says. */
  vouchers = $state(false);
  /** Then a sale that a card pays a part of is made in two. */
  twoSales = $state(false);

  /** Why the agent wants a boleta's buyer, and of which goods it said so. */
  private asked = $state.raw<{ goods: string; why: string } | null>(null);
  private previewed = $state.raw<{ sale: string; total: number } | null>(null);
  /** What was sold before, once it was looked for. */
  private shelf: Item[] | null = null;
  private attempt: Attempt | null = null;
  /** That keys can't be kept here was said. */
  private warned = false;
  private nextLine = 1;
  /** Environment and company that are sold for; `null` until the agent has said it. */
  private place = $state<string | null>(null);

  constructor(
    private readonly port: Port,
    private readonly now: () => number = Date.now,
  ) {}

  readonly locked = $derived(this.busy || this.doubt);
  /** Something stands in the entry's fields and in no line. */
  readonly begun = $derived(this.typing.text.trim() !== "" || this.typing.price.trim() !== "" || this.typing.fresh !== null);
  /** Something would be lost with the page. */
  readonly open = $derived(this.locked || this.lines.length > 0 || this.waiting.length > 0);
  private readonly goods = $derived(JSON.stringify(saleJson(39, this.lines, nobody(), this.off)));
  /** A boleta has a place for its buyer: the agent wants one, or somebody does. */
  readonly namesBuyer = $derived(this.kind === 39 && (this.named || this.asked !== null));
  /** Why these goods are not sold in a boleta without its buyer; `null` where the agent has not said so. */
  readonly buyerWhy = $derived(this.kind === 39 && this.asked?.goods === this.goods ? this.asked.why : null);
  readonly body = $derived(saleJson(this.kind, this.lines, this.kind === 33 || this.namesBuyer ? this.receiver : nobody(), this.off));
  /** What the lines come to, each less its discount. */
  readonly sum = $derived(this.lines.reduce((sum, line) => sum + worth(line), 0));
  /** The agent's total when it has seen this very sale; until then the plain sum. */
  readonly total = $derived.by(() => {
    const seen = this.previewed;
    if (seen && seen.sale === JSON.stringify(this.body)) return seen.total;
    return this.sum - taken(this.off, this.sum);
  });
  readonly settlement = $derived(settle(this.total, this.payment));
  /** What cards pay whose vouchers stand for the boleta. */
  readonly byCard = $derived.by(() => {
    if (!this.vouchers || this.kind !== 39 || typeof this.settlement === "string") return 0;
    return this.settlement.payments.reduce((sum, { Medio, Monto }) => sum + (CARDS.includes(Medio) ? Monto : 0), 0);
  });
  /** The card's voucher is this sale's boleta: it is recorded, and no folio is used. */
  readonly byVoucher = $derived(this.vouchers && this.kind === 39 && (CARDS.includes(this.payment.way) || (this.byCard > 0 && this.byCard >= this.total)));
  /** A card pays a part of it: that part has its voucher, and only the rest gets a boleta. */
  readonly partly = $derived(!this.byVoucher && this.byCard > 0);
  /** Beside such a sale a tip may stand in the card's amount or not, and nobody says it: the agent refuses it. */
  readonly tipAstray = $derived(this.partly && typeof this.settlement !== "string" && this.settlement.tip > 0);
  readonly needsReceiver = $derived(this.kind === 33);
  /** Whom it is for is not said, or only half of it. */
  readonly lacksReceiver = $derived.by(() => {
    if (this.needsReceiver) return !complete(this.receiver);
    const { rut, name } = this.receiver;
    const begun = rut.trim() !== "" || name.trim() !== "";
    return this.namesBuyer && (begun || this.buyerWhy !== null) && (rutOf(rut) === null || name.trim() === "");
  });

  /** Where the sales belong. A charge that was left there without an answer is taken up again: answers whether one was. */
  enter(place: string): boolean {
    this.place = place;
    this.shelf = null;
    const [name] = remembered(`${place}.attempt.`);
    const left = name ? recall<Attempt>(name) : null;
    if (this.open) return false;
    if (!left) {
      void this.recallLast();
      return false;
    }
    Object.assign(this, left.shown);
    this.nextLine = Math.max(0, ...this.lines.map((line) => line.id)) + 1;
    this.attempt = left;
    this.leftAt = left.at;
    this.doubt = true;
    if (this.now() - left.at < RECENT_MS) void this.charge();
    return true;
  }

  /** Makes it another document: what was said of the one that it was is over. */
  become(kind: 39 | 33): void {
    this.kind = kind;
    this.problem = null;
    this.warnings = [];
  }

  /** The last sale is still the last one when the page is read anew; how it stands the agent knows. */
  private async recallLast(): Promise<void> {
    const last = this.done ? null : recallHere<Done>(this.at("last"));
    if (!last) return;
    this.done = { ...last, recalled: true };
    try {
      this.heard([(await this.port.document(last.document.id)).row]);
    } catch {
      // It is told with its next step.
    }
  }

  private end(done: Done | null): void {
    this.done = done;
    rememberHere(this.at("last"), done);
  }

  /** Puts a product to the sale; while that is being issued, to the next one. */
  add(name: string, quantity: string, price: number, code: string | null = null): void {
    const ahead = this.locked || this.typing.ahead;
    if (!ahead) this.problem = null;
    put(ahead ? lastOf(this.waiting).lines : this.lines, { id: this.nextLine++, name, code, quantity, price });
    // «Varios» has another price each time.
    if (name === T.sale.various) return;
    const sold = (this.known(code ?? name)?.sold ?? 0) + 1;
    // What was scanned once is found by its name, too.
    for (const word of new Set([name, code ?? name])) remember(this.at(`item.${word.toLowerCase()}`), { name, price, code, sold });
    this.shelf = null;
  }

  /** What is typed while a sale is being issued goes to the next one, also when it is ended after that. */
  type(): void {
    if (this.locked) this.typing.ahead = true;
    else if (!this.begun) this.typing.ahead = false;
  }

  /** What is chosen while a sale is being issued is the next one's. */
  chooseAhead(choice: Partial<Pick<Ahead, "kind" | "way">>): void {
    Object.assign(lastOf(this.waiting), choice);
  }

  /** Before its turn a line is taken back, and with its last one the sale that waits. */
  removeAhead(next: Ahead, id: number): void {
    next.lines = next.lines.filter((line) => line.id !== id);
    if (next.lines.length === 0) this.waiting = this.waiting.filter((one) => one !== next);
  }

  /** What can't be asked for ahead holds the charge of the sale it was meant for. */
  holdAhead(): void {
    const next = this.waiting.at(-1);
    if (next) Object.assign(next, { held: true, charged: false });
  }

  /** What this window sold before under this code or name. */
  known(text: string): Item | null {
    return recall(this.at(`item.${text.toLowerCase()}`));
  }

  /** What it sold before whose name has words that begin so. */
  found(text: string): Item[] {
    this.shelf ??= remembered(this.at("item.")).flatMap((name) => recall<Item>(name) ?? []);
    return found(this.shelf, text);
  }

  /** What a line's quantity field says counts at once; what is no quantity stands in the way. */
  typeQuantity(id: number, typed: string): void {
    const line = this.lines.find((one) => one.id === id);
    if (!line || this.locked) return;
    this.problem = null;
    line.quantity = parseQuantity(typed) ?? line.quantity;
    line.typed = typed;
  }

  /** The field shows the quantity that counts; with `force` even where it says something else. */
  settleQuantity(id: number, force = false): void {
    const line = this.lines.find((one) => one.id === id);
    if (line && (force || !badQuantity(line))) delete line.typed;
  }

  remove(id: number): void {
    if (this.locked) return;
    this.problem = null;
    this.lines = this.lines.filter((line) => line.id !== id);
  }

  /** Off one line, or with `null` off the whole sale. */
  discount(id: number | null, off: Discount | null): void {
    if (this.locked) return;
    this.problem = null;
    const line = this.lines.find((one) => one.id === id);
    if (id === null) this.off = off;
    else if (line && off) line.off = off;
    else if (line) delete line.off;
  }

  /**
   * Fills in what is known of a customer whose RUT was typed to its end, and takes it out again when
   * the RUT becomes another: nobody's document bears someone else's data.
   */
  recallReceiver(): void {
    const rut = rutOf(this.receiver.rut);
    if (rut === this.filledFor) return;
    const known = rut === null ? null : recall<Receiver>(this.at(`receiver.${rut}`));
    // Who bought with a boleta is known by the name alone.
    if (rut !== null && (!known || (this.needsReceiver && !complete({ ...known, rut })))) void this.askReceiver(rut);
    if (!known && this.filledFor === null) return;
    this.fill(rut, known);
  }

  /** Whom a document was made out to is in its own sale, which the agent keeps: it is known after this window forgot it. */
  private async askReceiver(rut: string): Promise<void> {
    try {
      const { rows } = await this.port.documents({ ...(this.needsReceiver ? { type: "33" } : {}), q: rut, limit: 5 });
      const row = rows.find((one) => rutOf(one.receiver_id) === rut);
      const known = row ? receiverIn(await this.port.sale(row.id)) : null;
      const untouched = this.filledFor === rut || DATA.every((field) => this.receiver[field].trim() === "");
      if (known && untouched && !this.locked && rutOf(this.receiver.rut) === rut) this.fill(rut, known);
    } catch {
      // It is typed once more.
    }
  }

  private fill(rut: string | null, known: Omit<Receiver, "rut"> | null): void {
    for (const field of DATA) this.receiver[field] = known?.[field] ?? "";
    this.filledFor = known ? rut : null;
  }

  /** Whether a boleta is to name its buyer; what the agent wants stays wanted. */
  nameBuyer(wish: boolean): void {
    if (this.locked || this.kind !== 39 || (!wish && this.buyerWhy !== null)) return;
    this.named = wish;
    if (wish) return;
    this.asked = null;
    this.receiver = nobody();
    this.filledFor = null;
  }

  obstacle(): Obstacle | null {
    if (this.begun) return "entry";
    if (this.lines.length === 0) return "lines";
    if (this.lines.some(badQuantity)) return "quantity";
    if (this.total < 0 || this.lines.some((line) => worth(line) < 0)) return "discount";
    if (this.lacksReceiver) return this.needsReceiver ? "receiver" : "buyer";
    if (typeof this.settlement === "string") return this.settlement;
    if ((this.settlement.change ?? 0) < 0) return "tendered";
    if (this.partly && this.twoSales) return "voucher";
    if (this.tipAstray) return "voucherTip";
    return this.place === null ? "agent" : null;
  }

  /** Shows the agent's own totals and warnings beforehand, or that it wants the buyer. Nothing waits for it. */
  async preview(): Promise<void> {
    if (this.lines.length === 0) this.asked = null;
    if (this.lines.length === 0 || this.locked || this.lacksReceiver) return;
    const { goods, settlement } = this;
    const sale = JSON.stringify(this.body);
    const body = JSON.parse(sale) as SaleBody;
    // A large boleta says how it was paid. What a card's voucher stands for would be taken off the total.
    const pays = this.kind === 39 && this.byCard === 0 && typeof settlement !== "string";
    try {
      const seen = await this.port.preview(pays ? { ...body, Timbre: { Pagos: settlement.payments } } : body);
      const total = Number(seen.totals.MntTotal);
      if (sale !== JSON.stringify(this.body)) return;
      this.warnings = seen.warnings;
      if (Number.isSafeInteger(total)) this.previewed = { sale, total };
      if (!body.Encabezado.Receptor) this.asked = null;
    } catch (thrown) {
      // What else is wrong with the sale is said when it is charged.
      if (sale === JSON.stringify(this.body)) this.hearWish(asProblem(thrown), goods);
    }
  }

  /** The agent wants a boleta's buyer. When, is its own rule. */
  private hearWish({ view }: Problem, goods: string): void {
    const wish = view.errors.find(({ code }) => code === WANTS_BUYER);
    if (wish) this.asked = { goods, why: wish.message };
  }

  /**
   * Issues the document. Pressed twice it issues once: a second press while the first is on its way
   * is the next sale's, where one was entered, and a press after a lost answer asks again with the
   * same key. Answers whether all was issued that the charge was pressed for and nothing stood in the way of.
   */
  async charge(): Promise<boolean> {
    if (this.busy) {
      const next = this.waiting.at(-1);
      // Who asks again about a lost answer means that sale.
      if (next && !this.doubt && !this.begun && next.lines.length > 0) next.charged = !next.held;
      return false;
    }
    while (await this.ask()) if (!this.pressed || this.obstacle() !== null) return true;
    return false;
  }

  private async ask(): Promise<boolean> {
    if (!this.doubt) {
      if (this.obstacle() || !this.prepare()) return false;
    }
    const attempt = this.attempt as Attempt;
    this.busy = true;
    this.pressed = false;
    this.problem = null;
    try {
      if (attempt.voucher) this.keep(await this.port.record(attempt.sale, attempt.key), attempt);
      else this.finish(await this.port.issue(attempt.sale, attempt.key), attempt);
      return true;
    } catch (thrown) {
      this.problem = asProblem(thrown);
      // It went otherwise than who pressed for the next ones thought.
      for (const next of this.waiting) next.charged = false;
      this.unheard = this.problem.unreachable;
      this.doubt = this.doubt ? !SETTLES.includes(this.problem.view.status) : leavesDoubt(this.problem);
      // A refusal is an answer: the next charge is another one.
      if (!this.doubt) this.drop();
      this.hearWish(this.problem, this.goods);
      // What was forgotten is asked for, and nothing has failed.
      const { errors } = this.problem.view;
      if (!this.doubt && errors.every(({ code }) => code === WANTS_BUYER) && this.obstacle() === "buyer") this.problem = null;
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Puts the sale away without a document; what waits has its turn. */
  clear(): void {
    if (this.busy) return;
    this.drop();
    this.doubt = false;
    this.problem = null;
    if (!this.typing.ahead) this.typing = nothing();
    this.filledFor = null;
    this.warnings = [];
    this.lines = [];
    this.kind = 39;
    this.off = null;
    this.payment = unpaid();
    this.receiver = nobody();
    this.named = false;
    this.asked = null;
    this.takeNext();
  }

  private takeNext(): void {
    const next = this.waiting.shift();
    this.pressed = next?.charged ?? false;
    if (next) {
      this.lines = next.lines;
      this.kind = next.kind;
      this.payment.way = next.way;
    }
    // What is typed belongs to the last of them.
    this.typing.ahead &&= this.pressed || this.waiting.length > 0;
  }

  /** The last document's state moves on while it is shown. */
  heard(rows: RowView[]): void {
    const row = rows.find((one) => one.id === this.done?.document.id);
    if (row && this.done && row.revision >= this.done.document.revision) this.done = { ...this.done, document: row };
  }

  /** A note was issued that annuls this document. */
  noted(id: string): void {
    if (this.done?.document.id === id) this.end({ ...this.done, noted: true });
  }

  /** Answers whether it may be charged: that its key can't be kept is said once, before anything leaves. */
  private prepare(): boolean {
    const { payments, change, rounding, tip } = this.settlement as Settlement;
    const till = {
      Pagos: payments,
      Vuelto: change ?? 0,
      ...(rounding === 0 ? {} : { Redondeo: rounding }),
      ...(tip === 0 ? {} : { Propina: tip }),
    };
    const sale = { ...$state.snapshot(this.body), Timbre: till };
    const { kind, lines, off, receiver, namesBuyer: named, payment } = this;
    const shown = $state.snapshot({ kind, lines, off, receiver, named, payment });
    this.attempt = { key: newKey(), sale, voucher: this.byVoucher, at: this.now(), shown };
    // Before anything leaves: a window that is killed now asks again with this key.
    const kept = insist(this.at(`attempt.${this.attempt.key}`), this.attempt, this.at("item."));
    if (kept || this.warned) return true;
    this.warned = true;
    this.attempt = null;
    this.problem = refused("unkept", T.sale.unkept);
    return false;
  }

  private finish(issued: IssuedView, { shown }: Attempt): void {
    const { document, environment, repeated, warnings } = issued;
    // By what the document says, should the screen have shown another total.
    const card = issued.voucher?.total ?? 0;
    const settled = settle(document.total + card, shown.payment);
    const { change, tip, rounding, due } = typeof settled === "string" ? { change: null, tip: 0, rounding: 0, due: document.total + card } : settled;
    const parts = typeof settled === "string" ? [] : shares(settled);
    const left = this.leftAt;
    this.learn(shown);
    this.busy = false;
    this.clear();
    this.recorded = null;
    this.end({ document, environment, repeated, warnings, way: shown.payment.way, shares: parts, tip, change, rounding, due, card, left });
  }

  private keep(record: VouchedView, { shown }: Attempt): void {
    const settled = settle(record.total, shown.payment);
    this.learn(shown);
    this.busy = false;
    this.clear();
    this.end(null);
    const { change, tip } = typeof settled === "string" ? { change: null, tip: 0 } : settled;
    const parts = typeof settled === "string" ? [] : shares(settled);
    this.recorded = { record, way: shown.payment.way, shares: parts, tip, change };
  }

  /** Who bought is known the next time. */
  private learn({ kind, named, receiver }: Attempt["shown"]): void {
    const rut = rutOf(receiver.rut);
    if (rut !== null && (kind === 33 || named)) remember(this.at(`receiver.${rut}`), receiver);
  }

  private drop(): void {
    if (this.attempt) forget(this.at(`attempt.${this.attempt.key}`));
    this.attempt = null;
    this.leftAt = null;
  }

  private at(name: string): string {
    return `${this.place ?? ""}.${name}`;
  }
}

/** The means that give a voucher. */
const CARDS: Way[] = ["debito", "credito"];

/** By this code the agent says that a boleta must name its buyer. */
const WANTS_BUYER = "large-sale-receiver";

function badQuantity(line: Line): boolean {
  return line.typed !== undefined && parseQuantity(line.typed) === null;
}

/** What a line comes to, less its discount. */
export function worth(line: Line): number {
  const whole = amount(line.quantity, line.price);
  return whole - taken(line.off, whole);
}

function complete(receiver: Receiver): boolean {
  const { rut, ...rest } = receiver;
  return rutOf(rut) !== null && Object.values(rest).every((text) => text.trim() !== "");
}
