package http

import (
	"bytes"
	"html/template"
	"net/http"
)

// explanation is the page at the URL that is a problem's type.
type explanation struct {
	Slug   string
	Status int
	Means  template.HTML // what has happened
	Do     template.HTML // what to do about it
}

// Title is the name of the status.
func (e explanation) Title() string { return titleOf(e.Status) }

// explanations has one entry per problem type, in the order of their statuses.
var explanations = []explanation{
	{
		"bad-request", http.StatusBadRequest,
		"The request cannot be read: its body is not one JSON object or has a field more than once, a query parameter is unknown, unreadable, empty or given more than once, or a header is malformed, or one that the operation cannot honour.",
		"Read the <code>detail</code>, which names the part, and send the request again without that mistake; as it is, it will never succeed.",
	},
	{
		"unauthorized", http.StatusUnauthorized,
		"The request carries no bearer token, or one that has expired or that this server does not trust.",
		"Get a new token where you sign in and send it as <code>Authorization: Bearer &lt;token&gt;</code>. If new tokens are refused too, the <code>detail</code> says which check failed, and the server's configuration must fit who issues them.",
	},
	{
		"forbidden", http.StatusForbidden,
		"The token is good, but the path is another user's. It is the same whether or not there is anything at that path.",
		"Use the id of the token's own user, percent-encoded, as the <code>{user_id}</code> of the path.",
	},
	{
		"not-found", http.StatusNotFound,
		"There is no such task among this user's, or no such path at all. The reply is the same for a task of another user as for one that does not exist.",
		"Check the id; the task may have been deleted meanwhile, so read the list again.",
	},
	{
		"method-not-allowed", http.StatusMethodNotAllowed,
		"The path exists but does not support this method.",
		"Use one of the methods that the <code>Allow</code> header of the reply lists.",
	},
	{
		"deleted", http.StatusConflict,
		"There was a task of this id, and it was deleted. A late retry of its creation does not bring it back. Nothing was changed.",
		"Drop the retry. To bring the task back on purpose, <code>PUT</code> it with <code>If-None-Match: *</code>; for another task choose another id.",
	},
	{
		"cursor-expired", http.StatusGone,
		"The cursor is older than what the server remembers of deletions, 90 days at least, or the account was erased since. What was deleted meanwhile can no longer be told.",
		"Forget what you have of this user's tasks, and ask for the changes again without a cursor: that tells everything there is.",
	},
	{
		"precondition-failed", http.StatusPreconditionFailed,
		"The task has changed since it was read: <code>If-Match</code> does not name its current version, or there is one that <code>If-None-Match</code> excludes. Nothing was changed.",
		"The task as it is now is in <code>current</code>: apply your change to it, and send that with its <code>version</code>, in quotes and without <code>W/</code>, in <code>If-Match</code>.",
	},
	{
		"content-too-large", http.StatusRequestEntityTooLarge,
		"The body is larger than " + template.HTML(kibibytes(maxBody)) + ", which no task needs.",
		"Send less: one task per request, and no field that the server ignores anyway.",
	},
	{
		"unsupported-media-type", http.StatusUnsupportedMediaType,
		"The body is not sent as JSON in UTF-8, or it is compressed, or a header that says so is given twice.",
		"Send <code>Content-Type: application/json</code> (for PATCH also <code>application/merge-patch+json</code>) and no <code>Content-Encoding</code>.",
	},
	{
		"validation", http.StatusUnprocessableEntity,
		"The body is JSON, but a field breaks its rule or is not one that the server knows.",
		"Show each message of <code>errors</code> beside its field: <code>pointer</code> says which (a JSON Pointer, RFC 6901), <code>detail</code> says what is wrong.",
	},
	{
		"rate-limited", http.StatusTooManyRequests,
		"This user sends more requests than the server allows, or too many requests from this address came without a valid token. Nothing was done.",
		"Wait as many seconds as <code>Retry-After</code> says and send the request again. <code>RateLimit</code> on the replies says how many more of a user's requests the server takes at once. A valid token is served whatever others send from the same address.",
	},
	{
		"too-many-tasks", http.StatusTooManyRequests,
		"This user has as many tasks as the server allows. Nothing was made. A retry of a creation that succeeded before is 200 all the same.",
		"Delete tasks, completed ones for example (<code>DELETE …/tasks?completed=true</code>), then create. Waiting alone does not help, whatever <code>Retry-After</code> says.",
	},
	{
		"internal", http.StatusInternalServerError,
		"Something went wrong on the server. The reply says nothing of the cause, the server's log does.",
		"Give whoever runs the server the <code>request_id</code> of the reply: it is in the log. Before you repeat a change, check whether it was made.",
	},
	{
		"unavailable", http.StatusServiceUnavailable,
		"The database, or the issuer of the keys for tokens, does not respond at the moment, the key of the token is so new that it is not known yet, too many requests are waiting already, or replies that were asked for and are not read yet leave no room for this one. Nothing was changed.",
		"Wait as many seconds as <code>Retry-After</code> says and try again: what was asked for was certainly not done.",
	},
	{
		"outcome-unknown", http.StatusServiceUnavailable,
		"The connection to the database broke, or the time ran out, after a change was sent and before the answer came, so the change may have been made or not. What can be sent twice without doing it twice the server has sent again already; a toggle, a request with <code>If-Match</code> or <code>If-None-Match</code>, and one for many tasks it has not.",
		"Read the task or the list, and send the request again only if the change is not there. Creating with an <code>Idempotency-Key</code>, setting fields, deleting, and requests for many tasks can be sent again without looking; of many tasks the next reply counts only those that were left.",
	},
	{
		"incomplete", http.StatusServiceUnavailable,
		"A request for many tasks is done in steps, each for good, and not all steps were done in the time that one request has. The <code>detail</code> says how many tasks are done.",
		"Wait as many seconds as <code>Retry-After</code> says and send the same request again: it does the rest, and counts only that.",
	},
}

// problemPages explains a problem type to a person who opens its URL, which is below
// base. The pages are rendered at startup, so that a template that fails is noticed then.
func problemPages(base string) handler {
	layout := template.Must(template.ParseFS(docsFiles, "docs/problem.html"))
	pages := map[string]page{}
	for _, e := range explanations {
		var html bytes.Buffer
		if err := layout.Execute(&html, struct {
			explanation
			Base string
		}{e, base}); err != nil {
			panic(err)
		}
		pages[e.Slug] = newPage(html.Bytes())
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		p, ok := pages[pathValue(r, "slug")]
		if !ok {
			return errNoPath
		}
		p.write(w)
		return nil
	}
}
