// Who may come in by the demo shop's doors, and who is told what becomes of its documents.

import { DemoFolder } from "./demo-folder";
import { refused } from "./port";
import type { AttemptView, NewTokenView, NewWebhookView, TokenOrder, TokenView, WebhookOrder, WebhookView } from "./types";

export abstract class DemoAccess extends DemoFolder {
  keys: TokenView[] = [];
  hooks: WebhookView[] = [];

  async tokens(): Promise<TokenView[]> {
    this.reach();
    return structuredClone(this.keys);
  }

  async makeToken({ name, scope = "issue" }: TokenOrder): Promise<NewTokenView> {
    await this.allowed("make_token");
    if (!name) throw refused("name-invalid", "El nombre lleva de 1 a 40 letras.");
    this.keys = [...this.keys, { name, scope, made: new Date(this.moment()).toISOString(), last_used: null }];
    return { name, scope, token: `timbre_${"a1b2".repeat(16)}` };
  }

  async revokeToken(name: string): Promise<TokenView[]> {
    await this.allowed("revoke_token");
    this.keys = this.keys.filter((one) => one.name !== name);
    return this.tokens();
  }

  async webhooks(): Promise<WebhookView[]> {
    this.reach();
    return structuredClone(this.hooks);
  }

  async putWebhook(name: string, { url, states }: WebhookOrder): Promise<NewWebhookView> {
    await this.allowed("put_webhook");
    if (!url.startsWith("https://")) throw refused("address-invalid", "La dirección empieza con https://.");
    const fresh = { name, url, states, made: new Date(this.moment()).toISOString(), tries: 0, next_try: null, put_aside: 0, attempts: [] };
    this.hooks = [...this.hooks.filter((one) => one.name !== name), fresh];
    return { name, secret: "c3d4".repeat(16) };
  }

  async removeWebhook(name: string): Promise<WebhookView[]> {
    await this.allowed("remove_webhook");
    this.hooks = this.hooks.filter((one) => one.name !== name);
    return this.webhooks();
  }

  async testWebhook(name: string): Promise<AttemptView> {
    this.reach();
    const attempt = { event: "prueba", document: "", at: new Date(this.moment()).toISOString(), status: 200, why: "" };
    this.hooks = this.hooks.map((one) => (one.name === name ? { ...one, attempts: [attempt, ...one.attempts] } : one));
    return attempt;
  }

  async redeliverWebhook(name: string): Promise<{ events: number }> {
    this.reach();
    const events = this.hooks.find((one) => one.name === name)?.put_aside ?? 0;
    this.hooks = this.hooks.map((one) => (one.name === name ? { ...one, put_aside: 0 } : one));
    return { events };
  }
}
