// How the screens' tests press keys and let time pass: by hand, never by waiting.

import { cleanup, createEvent, fireEvent, render, screen } from "@testing-library/svelte";
import axe from "axe-core";
import { tick } from "svelte";
import { expect, vi } from "vitest";

import App from "../App.svelte";
import { DemoShop } from "../lib/demo";
import type { Room } from "../lib/rooms";

export const NOW = Date.parse("2026-11-22T15:00:00Z");

/** The time of the last key. */
let at = 0;

type Options = ConstructorParameters<typeof DemoShop>[0];

/** The whole window on a demo shop, at a fixed hour. */
export async function open(first: Room, options: Options = {}): Promise<DemoShop> {
  vi.useFakeTimers({ now: NOW });
  const shop = new DemoShop({ documents: 60, ...options });
  render(App, { port: shop, first });
  await settle();
  return shop;
}

/** The window is gone; the next one opens on the same shop. */
export async function reopen(shop: DemoShop, first: Room = "sale"): Promise<void> {
  cleanup();
  render(App, { port: shop, first });
  await settle();
}

export async function settle(ms = 50): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** A key where the focus is. */
export async function press(key: string, more: KeyboardEventInit = {}): Promise<void> {
  const target = document.activeElement ?? document.body;
  const event = createEvent.keyDown(target, { key, ...more });
  // By the scanner's clock, and as slow as people.
  Object.defineProperty(event, "timeStamp", { value: (at += 1000) });
  await fireEvent(target, event);
  await settle();
}

/** Writes into a field that already has the focus, and presses Enter. */
export async function enter(text: string): Promise<void> {
  await write(text);
  await press("Enter");
}

/** What a scanner does, wherever the focus is: a burst of keys and its Enter. */
export async function scan(code: string): Promise<void> {
  at += 1000;
  for (const key of [...code, "Enter"]) {
    const target = document.activeElement ?? document.body;
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    Object.defineProperty(event, "timeStamp", { value: (at += 4) });
    const before = target instanceof HTMLInputElement ? target.value : "";
    if (target.dispatchEvent(event) && key.length === 1 && target instanceof HTMLInputElement) {
      await fireEvent.input(target, { target: { value: before + key } });
    }
    await tick();
  }
  await settle();
}

export async function write(text: string): Promise<void> {
  await fireEvent.input(document.activeElement as Element, { target: { value: text } });
}

export async function click(role: string, name: string | RegExp, more: MouseEventInit = {}): Promise<void> {
  await fireEvent.click(screen.getByRole(role, { name }), more);
  await settle();
}

/** What is heard of the places that stand here now, and only of those: `heard()` later says what came into them. */
export function listen(): () => string {
  const places = [...document.querySelectorAll("[aria-live=polite]")];
  return () => places.map((place) => place.textContent).join("\n");
}

/** Rules that need real layout or colours are checked in a browser. */
export async function expectAccessible(): Promise<void> {
  vi.useRealTimers();
  const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, "target-size": { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`)).toEqual([]);
}
