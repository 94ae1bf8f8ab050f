// What the SII wants to know of who issues, field by field, as a person types it.

import { date, plainDate } from "./format";
import { T } from "./text";
import type { RefusalView } from "./types";

export interface CompanyField {
  /** The SII's own tag. */
  tag: string;
  most: number;
  wide?: boolean;
  numeric?: boolean;
  /** Several are written in one field, with commas between them. */
  several?: boolean;
  /** Only what is printed beside the rest: most shops have no need of it. */
  more?: boolean;
  /** What large boletas are judged by, which changes from day to day. */
  uf?: boolean;
}

export const COMPANY_FIELDS: CompanyField[] = [
  { tag: "RUTEmisor", most: 12 },
  { tag: "RznSoc", most: 100, wide: true },
  { tag: "GiroEmis", most: 80, wide: true },
  { tag: "Acteco", most: 30, numeric: true, several: true },
  { tag: "DirOrigen", most: 60, wide: true },
  { tag: "CmnaOrigen", most: 20 },
  { tag: "FchResol", most: 10 },
  { tag: "NroResol", most: 6, numeric: true },
  { tag: "UnidadSII", most: 60 },
  { tag: "CasaMatriz", most: 100, wide: true, more: true },
  { tag: "Sucursal", most: 20, more: true },
  { tag: "CdgSIISucur", most: 9, numeric: true, more: true },
  { tag: "CiudadOrigen", most: 20, more: true },
  { tag: "Telefono", most: 42, several: true, more: true },
  { tag: "CorreoEmisor", most: 80, wide: true, more: true },
  { tag: "ValorUF", most: 12, uf: true },
  { tag: "FchUF", most: 10, uf: true },
];

/** As the agent takes it: what is left out is not said, several are a list. What was `kept` and has no field here stays. */
export function companyData(typed: Record<string, string>, kept: Record<string, unknown> = {}): Record<string, unknown> {
  const said = COMPANY_FIELDS.map((field) => [field, (typed[field.tag] ?? "").trim()] as const).filter(([, text]) => text !== "");
  const fields = COMPANY_FIELDS.map(({ tag }) => tag);
  const others = Object.entries(kept).filter(([tag]) => !fields.includes(tag));
  return Object.fromEntries([...others, ...said.map(([field, text]) => [field.tag, valueOf(field, text)] as const)]);
}

function valueOf({ tag, numeric, several }: CompanyField, text: string): unknown {
  if (isDate(tag)) return plainDate(text) ?? text;
  const value = numeric ? whole : (one: string) => one;
  // A telephone has spaces in it, a number has none.
  return several ? text.split(numeric ? /[\s,;]+/ : /\s*[,;]\s*/).filter(Boolean).map(value) : value(text);
}

const isDate = (tag: string) => tag.startsWith("Fch");

/** What is wrong with the form of what is typed, before it is sent: dates, and the activity's six digits. */
export function misformed(typed: Record<string, string>): Record<string, string> {
  const wrong: Record<string, string> = {};
  for (const { tag } of COMPANY_FIELDS) {
    const text = (typed[tag] ?? "").trim();
    if (text === "") continue;
    if (isDate(tag) && plainDate(text) === null) wrong[tag] = T.setup.company.noDate(text);
    // The SII's codes of activities have six, those of agriculture with a zero before them.
    const odd = tag === "Acteco" && text.split(/[\s,;]+/).find((code) => code && !/^\d{6}$/.test(code));
    if (odd) wrong[tag] = T.setup.company.noActivity(odd);
  }
  return wrong;
}

/** What is no number goes as it was typed: the agent says what is wrong with it. */
function whole(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

/** What is kept, to be changed: the UF, its day and the resolution's as people write them. */
export function typedOf(data: Record<string, unknown>): Record<string, string> {
  const typed: Record<string, string> = {};
  for (const { tag } of COMPANY_FIELDS) typed[tag] = [data[tag] ?? ""].flat().map((one) => shown(tag, String(one))).join(", ");
  return typed;
}

function shown(tag: string, kept: string): string {
  if (isDate(tag)) return date(kept);
  if (tag === "Acteco") return kept && kept.padStart(6, "0");
  return tag === "ValorUF" ? kept.replace(".", ",") : kept;
}

/** How many days ago a plain date was, by another; `null` where it is none. Below zero it is yet to come. */
export function daysSince(date: string, today: string): number | null {
  const days = (Date.parse(today) - Date.parse(date)) / 86_400_000;
  return Number.isFinite(days) ? Math.round(days) : null;
}

/** What is wrong with a field, as it stands beside it: of what is missing its label says the name already. */
export function besideField({ code, message }: RefusalView): string {
  if (code === "company-data-missing") return T.setup.company.missing;
  return message;
}
