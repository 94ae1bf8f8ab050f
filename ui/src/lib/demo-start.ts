// Opens the demo shop as its address asks: `?scenario=offline&documents=100000&environment=production`.

import { DemoShop } from "./demo";
import type { Scenario } from "./demo-shop";

export function startDemo(): DemoShop {
  const asked = new URLSearchParams(location.search);
  const shop = new DemoShop({
    documents: Number(asked.get("documents") ?? 2400),
    scenario: (asked.get("scenario") ?? "busy") as Scenario,
    environment: asked.get("environment") ?? "training",
  });
  if (!asked.has("still")) shop.live();
  return shop;
}
