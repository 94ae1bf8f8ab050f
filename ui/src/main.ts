// Chooses who is behind the port, and shows the window.

import { mount } from "svelte";

import "./fonts.css";
import "./app.css";
import App from "./App.svelte";
import type { Port } from "./lib/port";
import { startTheme } from "./lib/theme";

async function choosePort(): Promise<Port> {
  if ("__TAURI_INTERNALS__" in window) return (await import("./lib/tauri")).tauriPort();
  if (import.meta.env.MODE === "demo") return (await import("./lib/demo-start")).startDemo();
  const { httpPort, takeToken } = await import("./lib/http");
  // The link of an agent that was started anew, opened in this tab, only changes the fragment.
  let token = takeToken();
  addEventListener("hashchange", () => (token = takeToken()));
  return httpPort({ token: () => token });
}

startTheme();
const target = document.getElementById("app");
if (target) mount(App, { target, props: { port: await choosePort() } });
