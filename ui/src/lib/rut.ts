// The RUT as it is typed: read leniently, checked by modulo 11, written one way.

export type RutCheck =
  | { state: "empty" }
  | { state: "incomplete" }
  | { state: "wrong"; expected: string }
  | { state: "right"; rut: string };

/** Digits from right to left by 2, 3, 4, 5, 6, 7, and again. */
export function checkDigit(body: number): string {
  let sum = 0;
  for (let rest = body, factor = 2; rest > 0; rest = Math.floor(rest / 10)) {
    sum += (rest % 10) * factor;
    factor = factor === 7 ? 2 : factor + 1;
  }
  const digit = 11 - (sum % 11);
  return digit === 11 ? "0" : digit === 10 ? "K" : String(digit);
}

/** Bodies go from 100.000 to 99.999.999 (formato DTE, RUTRecep). */
export function checkRut(text: string): RutCheck {
  const bare = text.replace(/[.\s-]/g, "").toUpperCase();
  if (bare === "") return { state: "empty" };
  const parts = /^0*(\d{6,8})([\dK])$/.exec(bare);
  if (!parts) return { state: "incomplete" };
  const body = Number(parts[1]);
  const expected = checkDigit(body);
  return parts[2] === expected ? { state: "right", rut: `${body}-${expected}` } : { state: "wrong", expected };
}

/** The RUT of a text that is one, however it is written. */
export function rutOf(text: string): string | null {
  const check = checkRut(text);
  return check.state === "right" ? check.rut : null;
}

/** The consumer without a name of a boleta (formato boleta, RUTRecep 66666666-6). */
export function isAnyone(rut: string, name: string): boolean {
  const plain = name.trim().toLowerCase();
  return plain === "" || (rut.replaceAll(".", "") === "66666666-6" && plain === "consumidor final");
}

/** As people read it, `76.192.083-9`; what is no RUT yet stays as it was typed. */
export function dotted(text: string): string {
  const check = checkRut(text);
  if (check.state !== "right") return text;
  const [body, digit] = check.rut.split("-") as [string, string];
  return `${body.replace(/\B(?=(\d{3})+$)/g, ".")}-${digit}`;
}
