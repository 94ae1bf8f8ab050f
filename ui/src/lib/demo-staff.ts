// Who works in the demo shop and what they allow, and how it is set up.

import { CASHIER, SELL, sold } from "./cashier.svelte";
import { PERMIT, permitted, permittedAgain, Problem, unreachable } from "./port";
import type { ClockView, CompanyDataView, CompanyOrder, Diagnosis, LoadedCertificateView, LockView, StaffView, UnlockOrder, WorkerOrder } from "./types";

export class DemoStaff {
  /** Set it to make the next questions fail. */
  down = false;
  /** Who has a PIN, and what they allowed. */
  readonly people = new Map<string, WorkerOrder>();
  private readonly looking = permittedAgain();
  private readonly permits = new Map<string, { act: string; name: string }>();
  /** Sales of a window must have who sold them. */
  askCashier = false;
  private readonly sellers = new Map<string, string>();

  async staff(): Promise<StaffView> {
    this.reach();
    return { workers: [...this.people.values()].map(({ name, role }) => ({ name, role })) };
  }

  async putWorker(worker: WorkerOrder): Promise<StaffView> {
    await this.allowed("put_worker");
    this.people.set(worker.name, structuredClone(worker));
    return this.staff();
  }

  async removeWorker(name: string): Promise<StaffView> {
    await this.allowed("remove_worker");
    this.people.delete(name);
    return this.staff();
  }

  async permit(name: string, pin: string, act: string): Promise<string> {
    this.reach();
    if (this.people.get(name)?.pin !== pin) throw new Problem({ status: 403, code: "pin-wrong", title: "Sin permiso", detail: "El PIN no es ése.", errors: [] });
    const permit = `permiso-${this.permits.size}`;
    this.permits.set(permit, { act, name });
    if (act === SELL) this.sellers.set(permit, name);
    return permit;
  }

  /** Who sells, as the agent sees it: by the permit alone. */
  private seller(permit: string | undefined): string | undefined {
    if (this.people.size === 0) return undefined;
    const who = permit === undefined ? undefined : this.sellers.get(permit);
    if (who !== undefined) return who;
    const refused = (code: string, detail: string) => new Problem({ status: 403, code, title: "Sin permiso", detail, errors: [] });
    if (this.askCashier) throw refused("cashier-needed", "Para cobrar falta decir quién atiende la caja: elija el cajero y su PIN.");
    if (permit !== undefined) throw refused("cashier-over", "El turno del cajero en esta caja terminó. Elija quién cobra, o cobre sin cajero.");
    return undefined;
  }

  /** Turns that began before are over, as when the agent was opened again. */
  endTurns(): void {
    this.sellers.clear();
  }

  /** As the agent does: while anybody has a PIN, a risky act takes a permit for it. Answers who does it: whose PIN it was, before what is said. */
  protected allowed(act: string, said = ""): Promise<string> {
    this.reach();
    const looks = act === "acts";
    return (looks ? this.looking : permitted)(async (headers) => {
      const permit = headers[PERMIT] ?? "";
      const given = this.permits.get(permit);
      if (this.people.size === 0) return said;
      if (given?.act === act) {
        if (!looks) this.permits.set(permit, { ...given, act: "" });
        return given.name;
      }
      const detail = "Lo autoriza un encargado con su PIN.";
      throw new Problem({ status: 403, code: "pin-needed", title: "Sin permiso", detail, errors: [{ code: "pin-needed", path: act, message: detail }] });
    });
  }

  firm: CompanyDataView | null = null;
  locked: LockView | null = null;

  async company(): Promise<CompanyDataView | null> {
    this.reach();
    return structuredClone(this.firm);
  }

  async setCompany({ environment, data }: CompanyOrder): Promise<CompanyDataView> {
    await this.allowed("set_company");
    const errors = ["RUTEmisor", "RznSoc"].filter((tag) => !data[tag]).map((path) => ({ code: "company-data-missing", path, message: `Falta ${path}.` }));
    if (errors.length) throw new Problem({ status: 422, code: "company-data-missing", title: "Rechazado", detail: "Faltan datos.", errors });
    this.firm = { environment, id: String(data.RUTEmisor), name: String(data.RznSoc), data };
    return structuredClone(this.firm);
  }

  async loadCertificate(_: Uint8Array, password: string, holder: string | null): Promise<LoadedCertificateView> {
    await this.allowed("load_certificate");
    const refused = (code: string, detail: string) => new Problem({ status: 422, code, title: "Rechazado", detail, errors: [] });
    if (password !== "clave") throw refused("certificate-password", "La clave no abre este certificado.");
    if (holder === null) throw refused("certificate-holder-missing", "El certificado no dice el RUT de su titular.");
    return { holder, subject: "CN=Rosa", not_before: "2026-01-01T00:00:00Z", not_after: "2028-01-01T12:00:00Z", warning: null };
  }

  async diagnose(): Promise<Diagnosis> {
    this.reach();
    const checks: Diagnosis["checks"] = [
      { code: "certificate", outcome: "ok", title: "Certificado", detail: "Vigente.", about: "", facts: {} },
      { code: "host", outcome: "fail", title: "Conexión con el SII", detail: "No se pudo llegar. Revise internet.", about: "", facts: {} },
    ];
    return { environment: "training", at: "2026-11-22T15:00:00Z", checks };
  }

  async lock(): Promise<LockView | null> {
    this.reach();
    return structuredClone(this.locked);
  }

  async unlock(_: UnlockOrder): Promise<LockView> {
    await this.allowed("unlock");
    const lifted = this.locked;
    if (!lifted) throw new Problem({ status: 422, code: "not-locked", title: "Rechazado", detail: "La emisión no está detenida.", errors: [] });
    this.locked = null;
    return lifted;
  }

  async acceptClock(who: string): Promise<ClockView> {
    const by = await this.allowed("accept_clock", who);
    return { offset_seconds: 400, good: false, tolerance_seconds: 120, seen: "2026-11-22T15:00:00Z", stops: false, accepted_by: by, text: "El reloj de este equipo está 400 s atrasado." };
  }

  protected soldBy(): Promise<{ sold_by?: string }> {
    return sold(async (headers) => {
      const name = this.seller(headers[CASHIER]);
      return name === undefined ? {} : { sold_by: name };
    });
  }

  protected reach(): void {
    if (this.down) throw unreachable("Timbre no responde en este equipo. Revise que esté abierto.");
  }
}
