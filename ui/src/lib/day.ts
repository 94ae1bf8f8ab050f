// The day's figures, added up as a shop reads them.

import type { HourView, PaceView } from "./types";

type Kind = Omit<HourView, "hour" | "sales">;

/** One line a type, in the order of their codes. */
export function kindsOf(hours: HourView[]): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const { series, documents, total, weight } of hours) {
    const sum = kinds.get(series) ?? { series, documents: 0, total: 0, weight };
    kinds.set(series, { ...sum, documents: sum.documents + documents, total: sum.total + total });
  }
  return [...kinds.values()].sort((a, b) => Number(a.series) - Number(b.series));
}

export interface Bar {
  hour: number;
  sales: number;
  total: number;
  /** What notes took back in that hour, not below zero. */
  taken: number;
  /** Before it. */
  sold: number;
}

/** A bar an hour, from the first with a document to now; at least eight, so that the picture has a shape. */
export function barsOf(hours: HourView[], now: number): Bar[] {
  const first = Math.max(0, Math.min(...hours.map(({ hour }) => hour), now - 7));
  const last = Math.max(...hours.map(({ hour }) => hour), now, first + 7);
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const of = hours.filter(({ hour }) => hour === first + i);
    const sum = (wanted: number) => of.filter(({ weight }) => weight === wanted).reduce((all, { total }) => all + total, 0);
    const [sold, taken] = [sum(1), sum(-1)];
    return { hour: first + i, sold, taken, sales: of.reduce((all, { sales }) => all + sales, 0), total: sold - taken };
  });
}

/** The middle one: half of the good answers were quicker. `null` when there was none. */
export function medianOf(answers: PaceView[]): number | null {
  const took = answers.filter(({ ok }) => ok).map(({ took_ms }) => took_ms).sort((a, b) => a - b);
  return took.length ? (took[Math.floor(took.length / 2)] ?? null) : null;
}
