// How a sale is paid. Tip and rounding stand beside the document's total and never change it.

import { parsePesos } from "./entry";
import type { Method } from "./sale-json";

/** By one means, or by several. */
export type Way = Method | "mixto";

/** What was typed about it. */
export interface Typed {
  way: Way;
  /** Cash handed over; nothing typed is exactly what is due. */
  tendered: string;
  tip: string;
  /** What goes by the other means, where there are several. */
  parts: Record<OtherMeans, string>;
}

export type OtherMeans = Exclude<Method, "efectivo">;
export const OTHER_MEANS: OtherMeans[] = ["debito", "credito", "transferencia"];

export interface Settlement {
  tip: number;
  /** What is paid in cash, rounded; `null` where no cash is. */
  cash: number | null;
  /** What rounding adds to it or takes from it. */
  rounding: number;
  /** Everything that is to be paid. */
  due: number;
  /** What is handed back; `null` where no cash is. Below zero so much is still missing. */
  change: number | null;
  payments: { Medio: Method; Monto: number }[];
}

/** Which field says no amount, or that more was paid than there is to pay without cash. */
export type Fault = "tip" | "parts" | "over" | "tendered";

export const unpaid = (): Typed => ({ way: "efectivo", tendered: "", tip: "", parts: { debito: "", credito: "", transferencia: "" } });

/** `total` is the document's; the tip is paid beside it (it is no part of the sale, trade practice: outside MntTotal and IVA). */
export function settle(total: number, typed: Typed): Settlement | Fault {
  const tip = pesos(typed.tip);
  if (tip === null) return "tip";
  const asked = total + tip;
  const { way } = typed;
  if (way !== "efectivo" && way !== "mixto") return { tip, cash: null, rounding: 0, due: asked, change: null, payments: [{ Medio: way, Monto: asked }] };
  const others: Settlement["payments"] = [];
  for (const means of way === "mixto" ? OTHER_MEANS : []) {
    const part = pesos(typed.parts[means]);
    if (part === null) return "parts";
    if (part > 0) others.push({ Medio: means, Monto: part });
  }
  const other = others.reduce((sum, { Monto }) => sum + Monto, 0);
  const rest = asked - other;
  if (rest < 0) return "over";
  if (rest === 0 && other > 0) return { tip, cash: null, rounding: 0, due: other, change: null, payments: others };
  const cash = roundCash(rest);
  const handed = typed.tendered.trim() === "" ? cash : parsePesos(typed.tendered);
  if (handed === null) return "tendered";
  const payments = [{ Medio: "efectivo" as const, Monto: handed }, ...others];
  return { tip, cash, rounding: cash - rest, due: cash + other, change: handed - cash, payments };
}

/** How much by which means, where it was by several; cash as it stays in the till. */
export function shares({ payments, cash }: Settlement): { means: Method; sum: number }[] {
  const all = payments.map(({ Medio, Monto }) => ({ means: Medio, sum: Medio === "efectivo" ? (cash ?? 0) : Monto })).filter(({ sum }) => sum > 0);
  return all.length > 1 ? all : [];
}

/** Cash has no coins under ten pesos (Ley 20.956): 1 to 5 go down, 6 to 9 up. */
export function roundCash(total: number): number {
  const rest = total % 10;
  return rest <= 5 ? total - rest : total + 10 - rest;
}

/** Nothing typed is nothing paid. */
function pesos(typed: string): number | null {
  return typed.trim() === "" ? 0 : parsePesos(typed);
}

/** What was paid of a sale, by the till's own word. */
export interface Paid {
  /** In cash, rounded and less the change. */
  cash: number;
  rounding: number;
  tip: number;
  others: { Medio: string; Monto: number }[];
}

/** How a sale was paid, by the sale as it came in; `null` where that does not say it. */
export function paidIn(text: string): Paid | null {
  const till = (JSON.parse(text) as { Timbre?: Record<string, unknown> }).Timbre;
  const figure = (value: unknown) => (Number.isSafeInteger(Number(value ?? 0)) ? Number(value ?? 0) : 0);
  const paid = (Array.isArray(till?.Pagos) ? till.Pagos : []).map(({ Medio, Monto }) => ({ Medio: String(Medio), Monto: figure(Monto) }));
  if (paid.length === 0) return null;
  const cash = paid.filter(({ Medio }) => Medio === "efectivo").reduce((sum, { Monto }) => sum + Monto, 0) - figure(till?.Vuelto);
  return { cash, rounding: figure(till?.Redondeo), tip: figure(till?.Propina), others: paid.filter(({ Medio }) => Medio !== "efectivo") };
}
