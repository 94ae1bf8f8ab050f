// Chooses who is behind the port, and shows the window.

import { mount } from "svelte";

import "./fonts.css";
import "./app.css";
import App from "./App.svelte";
import Starting from "./screens/Starting.svelte";
import Trouble from "./screens/Trouble.svelte";
import type { Port } from "./lib/port";
import { startTheme } from "./lib/theme";

async function choosePort(): Promise<Port> {
  if (import.meta.env.MODE === "demo") return (await import("./lib/demo-start")).startDemo();
  const { httpPort, takeBack, takeToken } = await import("./lib/http");
  // Before the token, which cleans the address bar.
  const back = takeBack();
  let token = takeToken();
  // The shell shows another agent's panel by its link: there the page has no command of the shell.
  if (token === null && "__TAURI_INTERNALS__" in window) return (await import("./lib/tauri")).tauriPort();
  // The link of an agent that was started anew, opened in this tab, only changes the fragment.
  addEventListener("hashchange", () => (token = takeToken()));
  // Another machine's panel is served over TLS alone, and has no link with a token.
  return httpPort({ token: () => token, entered: token === null && location.protocol === "https:", back });
}

startTheme();
const target = document.getElementById("app");
const { TIMBRE_TROUBLE: trouble, TIMBRE_STARTING: percent } = window as { TIMBRE_TROUBLE?: string; TIMBRE_STARTING?: number };
if (target && trouble) mount(Trouble, { target, props: { text: trouble } });
else if (target && percent !== undefined) mount(Starting, { target, props: { percent, hear: (await import("./lib/tauri")).starting } });
else if (target) mount(App, { target, props: { port: await choosePort() } });
