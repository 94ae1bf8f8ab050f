// How money, numbers and times are written for a reader in Chile.

import { T } from "./text";

const ZONE = "America/Santiago";

const whole = new Intl.NumberFormat("es-CL", { useGrouping: true, maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat("es-CL", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const clockSeconds = new Intl.DateTimeFormat("es-CL", {
  timeZone: ZONE,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const calendar = new Intl.DateTimeFormat("en", { timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit" });

/** `12.345` */
export function number(value: number): string {
  return whole.format(value).replace(/^-/, "−");
}

/** `$ 1.990`, never broken between the two. */
export function money(value: number): string {
  return value < 0 ? `−$\u00a0${number(-value)}` : `$\u00a0${number(value)}`;
}

/** `10:42` */
export function time(at: string | number): string {
  return clock.format(new Date(at));
}

/** `10:42:05` */
export function timeSeconds(at: string | number): string {
  return clockSeconds.format(new Date(at));
}

/** The day in Chile, `2026-11-22`. */
export function day(at: string | number): string {
  // By its parts: how a language joins them is not the same in every engine.
  const parts = new Map(calendar.formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
  return `${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
}

/** `10:42` today, `21 nov 10:42` on another day. */
export function when(at: string | number, now: number): string {
  const [that, today] = [day(at), day(now)];
  if (that === today) return time(at);
  const year = that.slice(0, 4);
  return `${dayMonth(at)} ${year === today.slice(0, 4) ? "" : `${year} `}${time(at)}`;
}

/** `a las 10:42` today, `el 21 nov 10:42` on another day. */
export function at(moment: string | number, now: number): string {
  return T.moment.at(when(moment, now), day(moment) === day(now));
}

/** `desde las 10:42` today, `desde el 21 nov 10:42` on another day. */
export function since(moment: string | number, now: number): string {
  return T.moment.since(when(moment, now), day(moment) === day(now));
}

/** `21 nov` */
export function dayMonth(at: string | number): string {
  const [, month, date] = day(at).split("-");
  return `${Number(date)} ${T.moment.months[Number(month) - 1]}`;
}

/** The last moment of what ends at this one: a day's end is the next day's beginning. */
export function lastMoment(end: string): number {
  return Date.parse(end) - 1;
}

/** `22-11-2026`, of a date without an hour. */
export function date(plain: string): string {
  return plain.split("-").reverse().join("-");
}

/** A sentence of the journal, where dates are as the SII writes them: `desde el 2026-11-22`, `a las 2026-11-22T13:42:05Z`. WebKit before 16.4 can't read a lookbehind. */
export function dated(text: string, now: number): string {
  return text
    .replace(/(^|[^\w/.:-])(?:a las )?(\d{4}-\d\d-\d\dT[\d:.]+Z)(?![\w/-])/g, (all, before: string, moment: string) => (Number.isNaN(Date.parse(moment)) ? all : before + at(moment, now)))
    .replace(/(^|[^\w/.:-])(\d{4}-\d\d-\d\d)(?![\w/-])/g, (_, before: string, plain: string) => before + date(plain));
}

/** A date as people write it (`22-8-2014`, `22/08/2014`) or as the SII does, as the SII does; `null` where there is no such day. */
export function plainDate(text: string): string | null {
  const [, d, m, y] = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/.exec(text.trim()) ?? [];
  const iso = d && m ? `${y}-${m.padStart(2, "0")}-${d.padStart(2, "0")}` : text.trim();
  const at = /^\d{4}-\d{2}-\d{2}$/.test(iso) ? new Date(`${iso}T00:00:00Z`) : null;
  return at && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(iso) ? iso : null;
}

/** `4 s`, `3 min`, `2 h`, `5 días`: the largest unit, rounded down. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h`;
  return T.moment.days(Math.floor(hours / 24));
}

/** A sentence as it begins. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How much there is on a disk: `850 KB`, `3,4 MB`, `52 GB`. */
export function bytes(many: number): string {
  const units = ["KB", "MB", "GB", "TB"];
  let value = many / 1000;
  while (value >= 1000 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1).replace(".", ",")} ${units[0]}`;
}

/** How long a conversation took: `320 ms`, `2,4 s`. */
export function took(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1).replace(".", ",")} s`;
}
