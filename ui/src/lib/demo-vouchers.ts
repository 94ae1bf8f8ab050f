// The demo shop's sales that a card's voucher stands for, and what people did there.

import { DemoStaff } from "./demo-staff";
import { day } from "./format";
import { refused } from "./port";
import type { ActsView, ActView, VouchedView, VoucherOrder, VoucherSumsView, VouchersView, VoucherTermsView, VoucherUndoOrder } from "./types";
import type { SaleBody } from "./sale-json";

export abstract class DemoVouchers extends DemoStaff {
  terms: VoucherTermsView["terms"] = [];
  /** The newest first. */
  records: VouchedView[] = [];
  /** The newest first. */
  done: ActView[] = [];

  protected abstract moment(): number;
  protected abstract told(): void;
  protected abstract sum(body: SaleBody): number;

  protected stands(): boolean {
    const today = day(this.moment());
    return this.terms.filter(({ since }) => since <= today).at(-1)?.stands ?? false;
  }

  async vouchers(): Promise<VoucherTermsView> {
    this.reach();
    return { stands: this.stands(), terms: structuredClone(this.terms) };
  }

  protected twoSales(): boolean {
    const today = day(this.moment());
    return this.terms.filter(({ since }) => since <= today).at(-1)?.two_sales ?? false;
  }

  async setVouchers({ stands, since, two_sales }: VoucherOrder): Promise<VoucherTermsView> {
    await this.allowed("set_vouchers");
    this.terms = [...this.terms.filter((term) => term.since < since), { since, stands, two_sales }];
    this.told();
    return this.vouchers();
  }

  async record(sale: object, key: string): Promise<VouchedView> {
    this.reach();
    const known = this.records.find((one) => one.key === key);
    if (known) return { ...known, repeated: true };
    if (!this.stands()) throw refused("voucher-not-declared", "La empresa no tiene declarado que el voucher reemplaza al documento.");
    await this.soldBy();
    const { Timbre } = sale as { Timbre: { Pagos: { Medio: string }[] } };
    const at = new Date(this.moment()).toISOString();
    const means = Timbre.Pagos.map(({ Medio }) => Medio);
    const made = { key, at, date: day(this.moment()), kind: "Boleta", total: this.sum(sale as SaleBody), rest: null, means, repeated: false };
    this.records = [made, ...this.records];
    this.told();
    return structuredClone(made);
  }

  /** What a card pays of a sale with other means beside it: `null` where its voucher stands for nothing. */
  protected byCard(sale: object, total: number): Pick<VouchedView, "total" | "means"> | null {
    const { Encabezado, Timbre } = sale as SaleBody & { Timbre?: { Pagos: { Medio: string; Monto: number }[]; Propina?: number } };
    const cards = Timbre?.Pagos.filter(({ Medio }) => Medio === "debito" || Medio === "credito") ?? [];
    const paid = cards.reduce((sum, { Monto }) => sum + Monto, 0);
    if (!this.stands() || Encabezado.IdDoc.TipoDTE !== 39 || paid === 0) return null;
    if (paid >= total) throw refused("voucher-stands", "La empresa declaró que el voucher de la tarjeta reemplaza al documento.");
    if (this.twoSales()) throw refused("voucher-partly", "Cobre en dos ventas.");
    if (Timbre?.Propina) throw refused("voucher-tip", "Cobre en dos ventas, la propina con una de ellas.");
    return { total: paid, means: cards.map(({ Medio }) => Medio) };
  }

  async vouched(from: string, to: string, cursor: string | null): Promise<VouchersView> {
    this.reach();
    const all = this.records.filter(({ date }) => from <= date && date <= to);
    const first = cursor ? all.findIndex(({ key }) => key === cursor) + 1 : 0;
    const rows = all.slice(first, first + 100);
    return { rows, next: first + rows.length < all.length ? (rows.at(-1)?.key ?? null) : null };
  }

  async undoVouched({ key, who, why }: VoucherUndoOrder): Promise<VouchedView> {
    const by = await this.allowed("undo_vouched", who);
    const known = this.records.find((one) => one.key === key);
    if (!known) throw refused("not-found", "No existe esa venta entre las registradas.");
    if (known.undone) return { ...known, repeated: true };
    const undone = { at: new Date(this.moment()).toISOString(), who: by, why: why ?? "" };
    this.records = this.records.map((one) => (one.key === key ? { ...one, undone } : one));
    this.told();
    return { ...known, undone };
  }

  async exportVouched(): Promise<string> {
    await this.allowed("export_vouched");
    return "ventas-con-voucher.csv";
  }

  protected vouchedOn(date: string): VoucherSumsView {
    const of = this.records.filter((one) => one.date === date && !one.undone);
    return { sales: of.length, total: of.reduce((sum, { total }) => sum + total, 0) };
  }

  async acts(words: string, before: number | null): Promise<ActsView> {
    await this.allowed("acts");
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.done.filter((act) => {
      const text = [act.who, act.what, ...act.documents].join(" ").toLowerCase();
      return (before === null || act.number < before) && wanted.every((word) => text.includes(word));
    });
    const rows = found.slice(0, 50);
    return { rows, next: found.length > rows.length ? (rows.at(-1)?.number ?? null) : null };
  }
}
