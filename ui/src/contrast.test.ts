// The colours of both themes against what they stand on, as WCAG 2.2 reckons it.

import { expect, test } from "vitest";

import css from "./app.css?raw";

const THEMES = { light: block(":root {"), dark: block(':root[data-theme="dark"] {') };
/** The words of states, and everything else that is read. */
const TONES = ["queued", "sending", "authority", "verifying", "waiting", "accepted", "objected", "rejected", "attention", "void"];
const TEXTS = ["ink", "soft", "accent", ...TONES];
/** What text stands on: the page, the rail and bands, a row under the pointer, what is chosen. */
const GROUNDS = ["paper", "desk", "wash", "accent-wash"];

/** The tokens of a theme. */
function block(start: string): Record<string, string> {
  const from = css.indexOf(start);
  const text = css.slice(from, css.indexOf("\n}", from));
  return Object.fromEntries([...text.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, colour]) => [name, colour]));
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const of = (theme: "light" | "dark", name: string): string => {
  const colour = THEMES[theme][name];
  if (!colour) throw new Error(`${theme} has no ${name}`);
  return colour;
};

test.each(["light", "dark"] as const)("in %s every text is read on everything it stands on: 4.5 at the least", (theme) => {
  for (const text of TEXTS) for (const ground of GROUNDS) expect.soft(contrast(of(theme, text), of(theme, ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  expect(contrast(of(theme, "on-accent"), of(theme, "accent"))).toBeGreaterThanOrEqual(4.5);
  expect(contrast(of(theme, "on-badge"), of(theme, "badge"))).toBeGreaterThanOrEqual(4.5);
});

test.each(["light", "dark"] as const)("in %s a field's border and the focus ring are seen: 3 at the least", (theme) => {
  for (const ground of ["paper", "desk"]) {
    expect.soft(contrast(of(theme, "edge"), of(theme, ground)), `edge on ${ground}`).toBeGreaterThanOrEqual(3);
    expect.soft(contrast(of(theme, "accent"), of(theme, ground)), `accent on ${ground}`).toBeGreaterThanOrEqual(3);
  }
});

// The figures that the design gives.
test.each([
  ["queued", 6.7, 9.9],
  ["sending", 5.36, 12.32],
  ["authority", 8.72, 10.1],
  ["accepted", 7.13, 10.25],
  ["objected", 7.09, 12.38],
  ["rejected", 6.47, 9.41],
  ["attention", 7.88, 9.84],
  ["void", 7.58, 12.02],
])("%s has its contrast", (state, onWhite, onDark) => {
  expect(contrast(of("light", state), "#ffffff")).toBeCloseTo(onWhite, 1);
  expect(contrast(of("dark", state), "#0f172a")).toBeCloseTo(onDark, 1);
});
