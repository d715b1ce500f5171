// Command ogen makes one call of each kind with the client of ogen. The account API_USER
// must have no task, and is erased at the end.
package main

import (
	"bufio"
	"context"
	"log"
	"os"

	"github.com/google/uuid"

	"clients/ogen/api"
)

// token is the caller's; the parameter is the operation.
type token string

func (t token) BearerAuth(context.Context, api.OperationName) (api.BearerAuth, error) {
	return api.BearerAuth{Token: string(t)}, nil
}

// must stops at an error, and at a reply of another kind than R.
func must[R any](reply any, err error) R {
	if err != nil {
		log.Fatal(err)
	}
	r, ok := reply.(R)
	if !ok {
		log.Fatalf("the reply is a %T, not a %T", reply, r)
	}
	return r
}

func is[T comparable](name string, got, want T) {
	if got != want {
		log.Fatalf("%s is %v, not %v", name, got, want)
	}
}

func main() {
	ctx, user := context.Background(), os.Getenv("API_USER")
	c, err := api.NewClient(os.Getenv("API_URL"), token(os.Getenv("API_TOKEN")))
	if err != nil {
		log.Fatal(err)
	}

	health := must[*api.HealthHeaders](c.GetHealth(ctx))
	is("health", health.Response.Status, "healthy")
	contract := must[*api.GetContractOKHeaders](c.GetContract(ctx))
	line, _ := bufio.NewReader(contract.Response).ReadString('\n')
	is("contract", line, "openapi: 3.1.0\n")

	id := uuid.New()
	new := &api.TaskCreate{ID: api.NewOptUUID(id), Title: "Buy milk", Tags: api.TagsInput{"home"}}
	made := must[*api.CreateTaskCreatedHeaders](c.CreateTask(ctx, new, api.CreateTaskParams{UserID: user}))
	is("title", made.Response.Title, "Buy milk")
	must[*api.TaskHeaders](c.CreateTask(ctx, new, api.CreateTaskParams{UserID: user}))

	got := must[*api.TaskHeaders](c.GetTask(ctx, api.GetTaskParams{UserID: user, ID: id}))
	is("version", got.Response.Version, made.Response.Version)
	etag := api.NewOptString(got.ETag)
	must[*api.TaskNotModified](c.GetTask(ctx, api.GetTaskParams{UserID: user, ID: id, IfNoneMatch: etag}))

	change := &api.TaskUpdate{Title: api.NewOptTitle("Buy oat milk")}
	updated := must[*api.TaskHeaders](c.UpdateTask(ctx, change, api.UpdateTaskParams{UserID: user, ID: id, IfMatch: etag}))
	is("title", updated.Response.Title, "Buy oat milk")
	stale := must[*api.PreconditionFailedHeaders](c.UpdateTask(ctx, change, api.UpdateTaskParams{UserID: user, ID: id, IfMatch: etag}))
	is("current", stale.Response.Current.Title, "Buy oat milk")
	patch := &api.PatchTaskApplicationMergePatchJSON{Priority: api.NewOptPriority(api.PriorityHigh)}
	patched := must[*api.TaskHeaders](c.PatchTask(ctx, patch, api.PatchTaskParams{UserID: user, ID: id}))
	is("priority", patched.Response.Priority, api.PriorityHigh)
	complete := &api.CompleteTaskApplicationJSON{Completed: api.NewOptBool(true)}
	completed := must[*api.TaskHeaders](c.CompleteTask(ctx, complete, api.CompleteTaskParams{UserID: user, ID: id}))
	is("completed", completed.Response.Completed, true)

	must[*api.CreateTaskCreatedHeaders](c.CreateTask(ctx, &api.TaskCreate{Title: "Write"}, api.CreateTaskParams{UserID: user}))
	bulk := must[*api.UpdatedHeaders](c.CompleteTasks(ctx, &api.CompleteTasksApplicationJSON{Completed: true}, api.CompleteTasksParams{UserID: user, Completed: api.NewOptBool(false)}))
	is("updated", bulk.Response.Updated, 1)
	home := must[*api.ListTasksOKHeaders](c.ListTasks(ctx, api.ListTasksParams{UserID: user, Tag: []api.TagInput{"home"}, Priority: api.NewOptPriority(api.PriorityHigh)}))
	is("tasks", len(home.Response), 1)
	account := must[*api.AccountHeaders](c.GetAccount(ctx, api.GetAccountParams{UserID: user}))
	is("total", account.Response.Tasks.Total, 2)
	export := must[*api.ExportHeaders](c.ExportAccount(ctx, api.ExportAccountParams{UserID: user}))
	is("exported tasks", len(export.Response.Tasks), 2)

	must[*api.NoContent](c.DeleteTask(ctx, api.DeleteTaskParams{UserID: user, ID: id}))
	missing := must[*api.NotFoundHeaders](c.GetTask(ctx, api.GetTaskParams{UserID: user, ID: id}))
	is("detail", missing.Response.Detail, "there is no such task")
	changes := must[*api.ChangesHeaders](c.ListChanges(ctx, api.ListChangesParams{UserID: user}))
	is("changed", len(changes.Response.Tasks), 1)
	cleared := must[*api.DeletedHeaders](c.ClearTasks(ctx, api.ClearTasksParams{UserID: user, Completed: api.NewOptBool(true)}))
	is("deleted", cleared.Response.Deleted, 1)
	must[*api.NoContent](c.DeleteAccount(ctx, api.DeleteAccountParams{UserID: user}))
}
