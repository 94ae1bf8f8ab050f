// The running sale: what the cashier has put together, and the one charge that makes a document of
// it. The document's own amounts always come from the agent.

import { amount, parsePesos } from "./entry";
import { recall, remember } from "./memory";
import { asProblem, type Port, type Problem } from "./port";
import { checkRut } from "./rut";
import { saleJson, type Line, type Method, type Receiver } from "./sale-json";
import { T } from "./text";
import type { IssuedView, RefusalView, RowView } from "./types";

export const PREVIEW_MS = 250;

/** What stands in the way of charging, and so where the focus belongs. */
export type Obstacle = "lines" | "receiver" | "tendered";

export interface Done {
  document: RowView;
  environment: string;
  repeated: boolean;
  warnings: RefusalView[];
  method: Method;
  /** `null` where no change is given. */
  change: number | null;
}

interface Attempt {
  key: string;
  sale: object;
  method: Method;
  paid: number | null;
}

const nobody = (): Receiver => ({ rut: "", name: "", activity: "", address: "", district: "" });

export class Sale {
  lines = $state<Line[]>([]);
  kind = $state<39 | 33>(39);
  receiver = $state<Receiver>(nobody());
  method = $state<Method>("efectivo");
  tendered = $state("");
  busy = $state(false);
  /** No answer came: the sale stays as it is until its key is asked for again. */
  doubt = $state(false);
  problem = $state.raw<Problem | null>(null);
  warnings = $state.raw<RefusalView[]>([]);
  done = $state.raw<Done | null>(null);

  private previewed = $state.raw<{ sale: string; total: number } | null>(null);
  private attempt: Attempt | null = null;
  private nextLine = 1;

  constructor(private readonly port: Port) {}

  readonly locked = $derived(this.busy || this.doubt);
  readonly body = $derived(saleJson(this.kind, this.lines, this.receiver));
  /** The agent's total when it has seen this very sale; until then the plain sum. */
  readonly total = $derived.by(() => {
    const seen = this.previewed;
    if (seen && seen.sale === JSON.stringify(this.body)) return seen.total;
    return this.lines.reduce((sum, line) => sum + amount(line.quantity, line.price), 0);
  });
  /** Cash has no coins under ten pesos (Ley 20.956): 1 to 5 go down, 6 to 9 up. */
  readonly due = $derived(this.method === "efectivo" ? roundCash(this.total) : this.total);
  /** What the customer handed over; nothing typed means exactly what is due. */
  readonly paid = $derived(this.method !== "efectivo" || this.tendered.trim() === "" ? this.due : parsePesos(this.tendered));
  readonly change = $derived(this.paid === null ? null : this.paid - this.due);
  readonly needsReceiver = $derived(this.kind === 33);

  add(name: string, quantity: string, price: number, code: string | null = null): void {
    if (this.locked) return;
    this.problem = null;
    const same = this.lines.find((line) => line.name === name && line.code === code && line.price === price);
    if (same && Number.isInteger(Number(same.quantity)) && Number.isInteger(Number(quantity))) {
      same.quantity = String(Number(same.quantity) + Number(quantity));
    } else {
      this.lines.push({ id: this.nextLine++, name, code, quantity, price });
    }
    remember(`item.${(code ?? name).toLowerCase()}`, { name, price });
  }

  /** What this window sold before under this code or name. */
  known(text: string): { name: string; price: number } | null {
    return recall(`item.${text.toLowerCase()}`);
  }

  setQuantity(id: number, quantity: string): void {
    const line = this.lines.find((one) => one.id === id);
    if (line && !this.locked) line.quantity = quantity;
  }

  remove(id: number): void {
    if (!this.locked) this.lines = this.lines.filter((line) => line.id !== id);
  }

  /** Fills in what is known of a customer whose RUT was typed to its end. */
  recallReceiver(): boolean {
    const check = checkRut(this.receiver.rut);
    if (check.state !== "right") return false;
    const known = recall<Receiver>(`receiver.${check.rut}`);
    if (!known) return false;
    for (const field of ["name", "activity", "address", "district"] as const) this.receiver[field] ||= known[field];
    return true;
  }

  obstacle(): Obstacle | null {
    if (this.lines.length === 0) return "lines";
    if (this.needsReceiver && !complete(this.receiver)) return "receiver";
    if (this.change === null || this.change < 0) return "tendered";
    return null;
  }

  /** Shows the agent's own totals and warnings beforehand. Nothing waits for it. */
  async preview(): Promise<void> {
    if (this.lines.length === 0 || this.locked || (this.needsReceiver && !complete(this.receiver))) return;
    const sale = JSON.stringify(this.body);
    try {
      const seen = await this.port.preview(JSON.parse(sale) as object);
      const total = Number(seen.totals.MntTotal);
      if (sale !== JSON.stringify(this.body)) return;
      this.warnings = seen.warnings;
      if (Number.isSafeInteger(total)) this.previewed = { sale, total };
    } catch {
      // What is wrong with the sale is said when it is charged.
    }
  }

  /**
   * Issues the document. Pressed twice it issues once: a second press while the first is on its way
   * does nothing, and a press after a lost answer asks again with the same key.
   */
  async charge(): Promise<boolean> {
    if (this.busy) return false;
    if (!this.doubt) {
      if (this.obstacle()) return false;
      this.prepare();
    }
    const attempt = this.attempt as Attempt;
    this.busy = true;
    this.problem = null;
    try {
      this.finish(await this.port.issue(attempt.sale, attempt.key), attempt);
      return true;
    } catch (thrown) {
      this.problem = asProblem(thrown);
      this.doubt = this.problem.unreachable;
      // A refusal is an answer: the next charge is another one. After an error inside the agent the
      // key is kept for as long as the sale stays the same.
      if (!this.doubt && this.problem.view.status < 500) this.attempt = null;
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Puts the sale away without a document. */
  clear(): void {
    if (this.busy) return;
    this.attempt = null;
    this.doubt = false;
    this.problem = null;
    this.warnings = [];
    this.lines = [];
    this.kind = 39;
    this.method = "efectivo";
    this.tendered = "";
    this.receiver = nobody();
  }

  /** The last document's state moves on while it is shown. */
  heard(rows: RowView[]): void {
    const row = rows.find((one) => one.id === this.done?.document.id);
    if (row && this.done) this.done = { ...this.done, document: row };
  }

  private prepare(): void {
    const paid = this.paid ?? this.due;
    const rounding = this.method === "efectivo" ? this.due - this.total : 0;
    const till = {
      Pagos: [{ Medio: this.method, Monto: paid }],
      Vuelto: paid - this.due,
      ...(rounding === 0 ? {} : { Redondeo: rounding }),
    };
    const sale = { ...this.body, Timbre: till };
    const same = this.attempt && JSON.stringify(this.attempt.sale) === JSON.stringify(sale);
    if (same) return;
    const cash = this.method === "efectivo";
    this.attempt = { key: newKey(), sale: structuredClone(sale), method: this.method, paid: cash ? paid : null };
  }

  private finish(issued: IssuedView, { method, paid }: Attempt): void {
    const { document, environment, repeated, warnings } = issued;
    const change = paid === null ? null : paid - roundCash(document.total);
    const check = checkRut(this.receiver.rut);
    if (this.needsReceiver && check.state === "right") remember(`receiver.${check.rut}`, $state.snapshot(this.receiver));
    this.busy = false;
    this.clear();
    this.done = { document, environment, repeated, warnings, method, change };
  }
}

/** `randomUUID` is missing where the panel is opened from another computer over plain HTTP. */
function newKey(): string {
  if ("randomUUID" in crypto) return crypto.randomUUID();
  const bytes = (crypto as Crypto).getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function roundCash(total: number): number {
  const rest = total % 10;
  return rest <= 5 ? total - rest : total + 10 - rest;
}

function complete(receiver: Receiver): boolean {
  const { rut, ...rest } = receiver;
  return checkRut(rut).state === "right" && Object.values(rest).every((text) => text.trim() !== "");
}

export const METHODS = Object.keys(T.sale.methods) as Method[];
