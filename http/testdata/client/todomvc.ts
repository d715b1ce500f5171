// A todo list without the pictures: every call of the API, with types that come from
// its contract. The account API_USER must have no task, and is erased at the end.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, operations, paths } from "./api.js";

type Task = components["schemas"]["Task"];
type NewTask = components["schemas"]["TaskCreate"];
type Change = components["schemas"]["TaskUpdate"];
type Changes = components["schemas"]["Changes"];
type Problem = components["schemas"]["Problem"];
type Query = NonNullable<operations["listTasks"]["parameters"]["query"]>;

const { API_URL, API_TOKEN, API_USER } = process.env;
assert(API_URL && API_TOKEN && API_USER, "set API_URL, API_TOKEN and API_USER");

const api = createClient<paths>({ baseUrl: API_URL, headers: { Authorization: `Bearer ${API_TOKEN}` } });
const me = { user_id: API_USER };

/** What the server replied, or an error that says what it says to a person. */
function ok<T>(reply: { data: T; error?: never } | { data?: never; error: Problem | string }): T {
  if (reply.error !== undefined) throw new Error(typeof reply.error === "string" ? reply.error : reply.error.detail);
  return reply.data;
}

/** Adds a task. With the key of an earlier attempt it never adds a second one. */
async function add(body: NewTask, key: string = randomUUID()): Promise<Task> {
  const params = { path: me, header: { "Idempotency-Key": key } };
  return ok(await api.POST("/api/{user_id}/tasks", { params, body }));
}

/** Lists the tasks that a query asks for, page after page. */
async function* list(query: Query = {}): AsyncGenerator<Task> {
  const params = { path: me, query };
  for (;;) {
    const reply = await api.GET("/api/{user_id}/tasks", { params });
    yield* ok(reply);
    const link = reply.response.headers.get("Link")?.match(/<(.+)>; rel="next"/)?.[1];
    const cursor = link && new URL(link, API_URL).searchParams.get("cursor");
    if (!cursor) return;
    params.query = { ...query, cursor };
  }
}

async function titles(query?: Query): Promise<string[]> {
  const all: string[] = [];
  for await (const task of list(query)) all.push(task.title);
  return all;
}

/** Edits a task. If somebody else was faster, it edits theirs. */
async function edit(task: Task, change: (task: Task) => Change): Promise<Task> {
  for (;;) {
    const path = { ...me, id: task.id };
    const header = { "If-Match": `"${task.version}"` };
    const reply = await api.PUT("/api/{user_id}/tasks/{id}", { params: { path, header }, body: change(task) });
    if (!reply.error?.current) return ok(reply);
    task = reply.error.current;
  }
}

/** A tab: a copy of the tasks that follows every change, and catches up after a while offline. */
class Tab {
  readonly tasks = new Map<string, Task>();
  private cursor: string | undefined;
  private cut: AbortController | undefined;

  private apply(page: Changes): void {
    for (const task of page.tasks) this.tasks.set(task.id, task);
    for (const id of page.deleted) this.tasks.delete(id);
    this.cursor = page.cursor;
  }

  /** Asks once for what has changed, page after page. */
  async catchUp(limit?: number): Promise<void> {
    for (let more = true; more; ) {
      const query = { ...(this.cursor && { since: this.cursor }), ...(limit && { limit }) };
      const reply = await api.GET("/api/{user_id}/changes", { params: { path: me, query } });
      if (reply.response.status === 410) {
        this.tasks.clear();
        this.cursor = undefined;
        continue;
      }
      const page = ok(reply) as Changes;
      this.apply(page);
      more = page.more;
    }
  }

  /** Follows the changes until offline is called. EventSource could not send the token. */
  async online(): Promise<void> {
    this.cut = new AbortController();
    const headers: Record<string, string> = { Authorization: `Bearer ${API_TOKEN}`, Accept: "text/event-stream" };
    if (this.cursor) headers["Last-Event-ID"] = this.cursor;
    const url = `${API_URL}/api/${encodeURIComponent(me.user_id)}/changes`;
    const reply = await fetch(url, { headers, signal: this.cut.signal });
    assert(reply.ok && reply.body);
    void this.read(reply.body).catch(() => {});
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data) this.apply(JSON.parse(data));
      }
    }
  }

  offline(): void {
    this.cut?.abort();
  }

  /** Waits until the copy has these titles. */
  async shows(...titles: string[]): Promise<void> {
    const shown = () => [...this.tasks.values()].map((task) => task.title).sort();
    for (let n = 0; n < 1000 && shown().join() !== titles.join(); n++) await new Promise((wait) => setTimeout(wait, 10));
    assert.deepEqual(shown(), titles);
  }
}

assert.equal(ok(await api.GET("/health")).status, "healthy");
console.log("the server is healthy");

const before = ok(await api.GET("/api/{user_id}", { params: { path: me } }));
assert.equal(before.tasks.total, 0, "the account must have no task: it is erased at the end");
console.log(`signed in as ${before.id}`);

const milk = await add({ title: "Buy milk", tags: ["home", "shop"], due_date: "2026-12-01" });
const rent = await add({ title: "Pay the rent", tags: ["home"], priority: "high" });
await add({ title: "Call Ada", description: "about the engine", priority: "low" });
assert.equal(milk.due_date, "2026-12-01");
console.log("added three tasks");

assert.deepEqual(await titles(), ["Call Ada", "Pay the rent", "Buy milk"]);
assert.deepEqual(await titles({ sort: "title" }), ["Buy milk", "Call Ada", "Pay the rent"]);
assert.deepEqual(await titles({ sort: "priority", order: "asc" }), ["Call Ada", "Buy milk", "Pay the rent"]);
assert.deepEqual(await titles({ tag: ["home", "shop"] }), ["Buy milk"]);
assert.deepEqual(await titles({ search: "ENGINE", status: "pending" }), ["Call Ada"]);
assert.deepEqual(await titles({ due_after: "2026-12-01", due_before: "2026-12-02" }), ["Buy milk"]);
console.log("sorted and filtered them");

const street = await add({ title: " Cafe\u0301 in der Straße 10\n", tags: ["cafe\u0301", "caf\u00e9"] });
assert.deepEqual([street.title, street.tags], ["Caf\u00e9 in der Straße 10", ["caf\u00e9"]]);
assert.deepEqual(await titles({ search: "CAFE\u0301 IN DER STRASSE" }), [street.title]);
const unseen = await api.POST("/api/{user_id}/tasks", { params: { path: me }, body: { title: "\u200b" } });
assert.equal(unseen.error?.errors?.[0]?.pointer, "/title");
ok(await api.DELETE("/api/{user_id}/tasks/{id}", { params: { path: { ...me, id: street.id } } }));
console.log("kept one spelling of a text, and found it by another");

const key = randomUUID();
const bread = await add({ title: "Buy bread" }, key);
assert.deepEqual(await add({ title: "Buy bread" }, key), bread);
assert.equal((await titles()).length, 4);
console.log("sent a POST twice: one task");

assert.deepEqual(await titles({ limit: 1, sort: "title" }), ["Buy bread", "Buy milk", "Call Ada", "Pay the rent"]);
console.log("paged through by the Link header");

const one = { path: { ...me, id: milk.id } };
const patched = ok(await api.PATCH("/api/{user_id}/tasks/{id}", { params: one, body: { due_date: null } }));
assert(patched.version > milk.version);
const edited = await edit(milk, ({ title }) => ({ title: `${title} and eggs` }));
assert.deepEqual([edited.title, edited.due_date], ["Buy milk and eggs", null]);
console.log("edited what had changed meanwhile: both changes are there");

const current = { ...one, header: { "If-None-Match": `"${edited.version}"` } };
assert.equal((await api.GET("/api/{user_id}/tasks/{id}", { params: current })).response.status, 304);
console.log("read what had not changed: 304");

const toggled = ok(await api.PATCH("/api/{user_id}/tasks/{id}/complete", { params: one }));
assert.equal(toggled.completed, true);
const unset = { params: one, body: { completed: false } };
assert.equal(ok(await api.PATCH("/api/{user_id}/tasks/{id}/complete", unset)).completed, false);
console.log("toggled a task, and set it back");

// @ts-expect-error: the types know what a priority may be, and so does the server.
const urgent: NewTask = { title: "Rest", priority: "urgent" };
const refused = await api.POST("/api/{user_id}/tasks", { params: { path: me }, body: urgent });
assert(refused.error, "a priority that does not exist was accepted");
assert.match(refused.error.detail, /^priority: /);
const slug = refused.error.type.replace("/problems/", "");
const page = await api.GET("/problems/{slug}", { params: { path: { slug } }, parseAs: "text" });
assert.match(ok(page), /<html/);
console.log(`was refused, and why: ${refused.error.detail}`);

const stale = { ...one, header: { "If-Match": `"${milk.version}"` } };
assert.equal((await api.DELETE("/api/{user_id}/tasks/{id}", { params: stale })).response.status, 412);
const other = { path: { ...me, id: rent.id } };
ok(await api.DELETE("/api/{user_id}/tasks/{id}", { params: other }));
assert.equal((await api.GET("/api/{user_id}/tasks/{id}", { params: other })).response.status, 404);
console.log("deleted a task, but not one that had changed");

const retried = { path: me, header: { "Idempotency-Key": rent.id } };
assert.equal((await api.POST("/api/{user_id}/tasks", { params: retried, body: rent })).response.status, 409);
const undo = { ...other, header: { "If-None-Match": "*" } };
const undone = ok(await api.PUT("/api/{user_id}/tasks/{id}", { params: undo, body: rent }));
assert.deepEqual([undone.id, undone.title], [rent.id, rent.title]);
assert(undone.version > rent.version);
assert.deepEqual(ok(await api.GET("/api/{user_id}/tasks/{id}", { params: other })), undone);
ok(await api.DELETE("/api/{user_id}/tasks/{id}", { params: other }));
console.log("undid a deletion, which a late retry could not");

const [here, there] = [new Tab(), new Tab()];
await here.catchUp(1);
await here.online();
await there.online();
await here.shows("Buy bread", "Buy milk and eggs", "Call Ada");
await there.shows("Buy bread", "Buy milk and eggs", "Call Ada");
const tea = await add({ title: "Buy tea" });
await here.shows("Buy bread", "Buy milk and eggs", "Buy tea", "Call Ada");
await there.shows("Buy bread", "Buy milk and eggs", "Buy tea", "Call Ada");
there.offline();
await edit(tea, () => ({ title: "Buy green tea" }));
await here.shows("Buy bread", "Buy green tea", "Buy milk and eggs", "Call Ada");
ok(await api.DELETE("/api/{user_id}/tasks/{id}", { params: { path: { ...me, id: tea.id } } }));
await here.shows("Buy bread", "Buy milk and eggs", "Call Ada");
assert.equal(there.tasks.get(tea.id)?.title, "Buy tea");
await there.catchUp();
await there.shows("Buy bread", "Buy milk and eggs", "Call Ada");
here.offline();
console.log("kept two tabs in step, one of them offline for a while");

const bought = { path: me, query: { search: "buy" } };
const updated = await api.PATCH("/api/{user_id}/tasks", { params: bought, body: { completed: true } });
assert.deepEqual(ok(updated), { updated: 2 });
const completed = { path: me, query: { completed: true } };
assert.deepEqual(ok(await api.DELETE("/api/{user_id}/tasks", { params: completed })), { deleted: 2 });
console.log("completed all that are to be bought, and cleared what is completed");

const tz = Intl.DateTimeFormat().resolvedOptions().timeZone;
const after = ok(await api.GET("/api/{user_id}", { params: { path: me, query: { tz } } }));
assert.deepEqual(after.tasks, { total: 1, completed: 0, pending: 1, overdue: 0 });
const exported = ok(await api.GET("/api/{user_id}/export", { params: { path: me } }));
assert.deepEqual([exported.user.id, exported.tasks.length], [me.user_id, 1]);
console.log("exported the account");

ok(await api.DELETE("/api/{user_id}", { params: { path: me } }));
assert.deepEqual(await titles(), []);
console.log("erased the account");

assert.match(ok(await api.GET("/openapi.yaml", { parseAs: "text" })), /^openapi: 3\.1/);
assert.equal(ok(await api.GET("/openapi.json")).openapi, "3.1.0");
assert.match(ok(await api.GET("/docs", { parseAs: "text" })), /<html/);
console.log(`more: ${API_URL}/docs`);
