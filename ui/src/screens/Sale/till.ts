// What the tests of the till do over and over.

import { screen } from "@testing-library/svelte";

import { enter } from "../testing";

export const code = () => screen.getByLabelText(/Código o descripción|Nombre del producto/);
export const charged = () => screen.getByTestId("done");
/** What a screen reader says by itself of the sale. */
export const aloud = () => [...document.querySelectorAll("h1 + [aria-live=polite] p")].map((one) => one.textContent.replaceAll("\u00a0", " "));

export async function sell(name: string, price: string): Promise<void> {
  await enter(name);
  await enter(price);
}
