// The demo shop's data folder: its settings, its size, a second look at it.

import { DemoVouchers } from "./demo-vouchers";
import { Problem, refused } from "./port";
import type { Sealer } from "./port";
import type { CheckView, PlaceView, SealingView, SettingsOrder, SettingsView, SettingView } from "./types";

const number = (name: string, least: number, most: number, normal: string): SettingView => ({ name, value: null, default: normal, least, most, choices: [] });
const choice = (name: string, normal: string, choices: string[]): SettingView => ({ name, value: null, default: normal, least: null, most: null, choices });
const YES_NO = ["true", "false"];

export abstract class DemoFolder extends DemoVouchers {
  knobs: SettingView[] = [
    number("sender.parcel", 1, 500, "50"),
    number("sender.retry_cap_seconds", 60, 86_400, "1800"),
    number("folios.percent", 1, 90, "20"),
    number("terms.39", 600, 3600, "3600"),
    choice("folder.enabled", "true", YES_NO),
    choice("folder.paper", "", ["", "pdf", "80mm", "58mm"]),
    choice("printer.cedible", "true", YES_NO),
    choice("till.ask_cashier", "false", YES_NO),
  ];
  others = [{ name: "line.witnesses", value: '["a.cl", "b.cl"]' }];
  where: PlaceView = { path: "Timbre/datos", bytes: 3_400_000, journal_bytes: 2_100_000, free_bytes: 52_000_000_000, drop: { issued: 12, refused: 1, waiting_total: 0, waiting: [], left_total: 0, left: [], trouble: null } };
  review: CheckView = { running: false, percent: 0, at: null, sound: null, lines: [] };
  private changed = false;
  sealed: SealingView = { on: false, segments: 3, sealed: 0, unconfirmed: false, keeper: "La llave de esta carpeta está en el llavero del sistema.", weaker: false };
  /** The key that was shown. */
  shown: string | null = null;
  readonly sealer: Sealer = {
    sealing: async () => {
      this.reach();
      return { ...this.sealed, unconfirmed: this.shown !== null };
    },
    recoveryKey: async () => {
      await this.allowed("recovery_key");
      this.shown = `rk-${(this.made += 1)}`;
      return this.shown;
    },
    seal: async (typed, who) => {
      const by = await this.allowed("seal", who);
      if (typed.trim() !== this.shown) throw refused("recovery-key-differs", "No es la clave que se mostró: mire su papel. No se cifró nada.");
      this.shown = null;
      this.done = [{ number: this.done.length + 1, at: new Date(this.moment()).toISOString(), who: by, what: "Cifrar lo que se guarda", documents: [], count: 0 }, ...this.done];
      this.sealed = { ...this.sealed, on: true, segments: 4, sealed: 1 };
      return this.sealer.sealing();
    },
  };
  private made = 0;

  async settings(): Promise<SettingsView> {
    this.reach();
    return structuredClone({ file: "Timbre/datos/timbre.toml", settings: this.knobs, others: this.others, waits: this.changed });
  }

  async setSettings({ settings }: SettingsOrder): Promise<SettingsView> {
    await this.allowed("set_settings");
    const errors = this.knobs.flatMap(({ name, least, most }) => {
      const said = settings[name];
      const good = said === null || said === undefined || least === null || (Number(said) >= least && Number(said) <= (most ?? 0));
      return good ? [] : [{ code: "setting-invalid", path: name, message: `Es un número entero de ${least} a ${most}.` }];
    });
    if (errors.length > 0) throw new Problem({ status: 422, code: "setting-invalid", title: "Rechazado", detail: "Hay ajustes que corregir.", errors });
    this.knobs = this.knobs.map((knob) => ({ ...knob, value: knob.name in settings ? (settings[knob.name] ?? null) : knob.value }));
    this.changed = true;
    return this.settings();
  }

  async place(): Promise<PlaceView> {
    this.reach();
    return structuredClone(this.where);
  }

  async beginCheck(): Promise<CheckView> {
    await this.allowed("begin_check");
    if (this.review.running) throw refused("running", "Ya se está revisando.");
    this.review = { running: true, percent: 0, at: null, sound: null, lines: [] };
    return this.check();
  }

  async check(): Promise<CheckView> {
    this.reach();
    return structuredClone(this.review);
  }
}
