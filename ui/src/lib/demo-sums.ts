// What the demo shop's documents come to: the engine's rule for the few types that it knows.

import { time } from "./format";
import { canResend } from "./states";
import type { FoundView, RowView, TodayView } from "./types";

type Sums = Pick<TodayView, "hours" | "sales" | "total" | "rejected">;

/** Debit notes add and are no sale, credit notes take off, and a guía is none. */
const weightOf = (series: string) => (series === "61" ? -1 : series === "52" ? 0 : 1);
const isSale = (series: string) => weightOf(series) === 1 && series !== "56";
const stands = ({ state }: RowView) => state !== "RECHAZADO" && state !== "REEMPLAZADO";
const worth = (rows: RowView[]) => rows.reduce((sum, { series, total }) => sum + weightOf(series) * total, 0);

export function foundOf(rows: RowView[]): FoundView {
  const many = (state: string) => rows.filter((row) => row.state === state).length;
  const counted = rows.filter(stands);
  return {
    documents: rows.length,
    sales: counted.filter(({ series }) => isSale(series)).length,
    total: worth(counted),
    credits: counted.filter(({ series }) => weightOf(series) === -1).length,
    no_sale: counted.filter(({ series }) => weightOf(series) === 0).length,
    replaced: many("REEMPLAZADO"),
    more: false,
    resendable: rows.filter(canResend).length,
    verifying: many("VERIFICANDO"),
    rejected: many("RECHAZADO"),
  };
}

export const hourOf = (at: string | number) => Number(time(at).split(":")[0]);

export function dayOf(rows: RowView[]): Sums {
  const hours = new Map<string, Sums["hours"][number]>();
  for (const { series, total, issued } of rows.filter(stands)) {
    const hour = hourOf(issued);
    const sum = hours.get(`${series}.${hour}`) ?? { series, hour, documents: 0, sales: 0, total: 0, weight: weightOf(series) };
    hours.set(`${series}.${hour}`, { ...sum, documents: sum.documents + 1, sales: sum.sales + Number(isSale(series)), total: sum.total + total });
  }
  const rejected = rows.filter(({ state }) => state === "RECHAZADO");
  const { sales, total } = foundOf(rows);
  return { hours: [...hours.values()], sales, total, rejected: { documents: rejected.length, total: worth(rejected) } };
}
