import { expect, test } from "vitest";

import { found } from "./shelf";

const SHELF = [
  { name: "Leche entera 1 L", price: 1150, code: "7801", sold: 3 },
  { name: "Leche descremada", price: 1190, sold: 9 },
  { name: "Té & hierbas «Cordillera»", price: 1790, sold: 1 },
  { name: "Ají de color Ñuñoa", price: 890 },
];
const names = (typed: string) => found(SHELF, typed).map(({ name }) => name);

test("any word's beginning finds it, accents or none, and what sells most comes first", () => {
  expect(names("lec")).toEqual(["Leche descremada", "Leche entera 1 L"]);
  expect(names("ente")).toEqual(["Leche entera 1 L"]);
  expect(names("lech 1")).toEqual(["Leche entera 1 L"]);
  expect(names("aji")).toEqual(["Ají de color Ñuñoa"]);
  expect(names("nunoa")).toEqual(["Ají de color Ñuñoa"]);
  expect(names("cordi té")).toEqual(["Té & hierbas «Cordillera»"]);
});

test("the middle of a word, one letter and a code find nothing", () => {
  for (const typed of ["eche", "l", "78", "", "  "]) expect(names(typed), typed).toEqual([]);
});
