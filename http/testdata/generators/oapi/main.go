// Command oapi makes one call of each kind with the client of oapi-codegen. The account
// API_USER must have no task, and is erased at the end.
package main

import (
	"bytes"
	"context"
	"log"
	"net/http"
	"os"

	"github.com/google/uuid"

	"clients/oapi/api"
)

// must stops at an error, and at a reply that is not of the status it should have.
func must[R interface{ StatusCode() int }](status int) func(R, error) R {
	return func(reply R, err error) R {
		if err != nil {
			log.Fatal(err)
		}
		if reply.StatusCode() != status {
			log.Fatalf("%T: status %d, not %d", reply, reply.StatusCode(), status)
		}
		return reply
	}
}

func is[T comparable](name string, got, want T) {
	if got != want {
		log.Fatalf("%s is %v, not %v", name, got, want)
	}
}

func main() {
	ctx, user := context.Background(), os.Getenv("API_USER")
	c, err := api.NewClientWithResponses(os.Getenv("API_URL"), api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+os.Getenv("API_TOKEN"))
		return nil
	}))
	if err != nil {
		log.Fatal(err)
	}

	health := must[*api.GetHealthResponse](200)(c.GetHealthWithResponse(ctx))
	is("health", string(health.JSON200.Status), "healthy")
	contract := must[*api.GetContractResponse](200)(c.GetContractWithResponse(ctx))
	is("contract", bytes.HasPrefix(contract.Body, []byte("openapi: 3.1")), true)

	id := uuid.New()
	new := api.TaskCreate{Id: &id, Title: "Buy milk", Tags: &api.TagsInput{"home"}}
	made := must[*api.CreateTaskResponse](201)(c.CreateTaskWithResponse(ctx, user, nil, new)).JSON201
	is("title", made.Title, "Buy milk")
	must[*api.CreateTaskResponse](200)(c.CreateTaskWithResponse(ctx, user, nil, new))

	got := must[*api.GetTaskResponse](200)(c.GetTaskWithResponse(ctx, user, id, nil))
	is("version", got.JSON200.Version, made.Version)
	etag := got.HTTPResponse.Header.Get("ETag")
	must[*api.GetTaskResponse](304)(c.GetTaskWithResponse(ctx, user, id, &api.GetTaskParams{IfNoneMatch: &etag}))

	title, yes, priority := "Buy oat milk", true, api.Priority("high")
	updated := must[*api.UpdateTaskResponse](200)(c.UpdateTaskWithResponse(ctx, user, id, &api.UpdateTaskParams{IfMatch: &etag}, api.TaskUpdate{Title: &title}))
	is("title", updated.JSON200.Title, title)
	stale := must[*api.UpdateTaskResponse](412)(c.UpdateTaskWithResponse(ctx, user, id, &api.UpdateTaskParams{IfMatch: &etag}, api.TaskUpdate{Title: &title}))
	is("current", stale.ApplicationproblemJSON412.Current.Title, title)
	patched := must[*api.PatchTaskResponse](200)(c.PatchTaskWithResponse(ctx, user, id, nil, api.TaskUpdate{Priority: &priority}))
	is("priority", patched.JSON200.Priority, priority)
	completed := must[*api.CompleteTaskResponse](200)(c.CompleteTaskWithResponse(ctx, user, id, nil, api.TaskCompletion{Completed: &yes}))
	is("completed", completed.JSON200.Completed, true)

	must[*api.CreateTaskResponse](201)(c.CreateTaskWithResponse(ctx, user, nil, api.TaskCreate{Title: "Write"}))
	no := false
	bulk := must[*api.CompleteTasksResponse](200)(c.CompleteTasksWithResponse(ctx, user, &api.CompleteTasksParams{Completed: &no}, api.TasksCompletion{Completed: true}))
	is("updated", bulk.JSON200.Updated, 1)
	home := must[*api.ListTasksResponse](200)(c.ListTasksWithResponse(ctx, user, &api.ListTasksParams{Tag: &api.TagFilter{"home"}, Priority: &priority}))
	is("tasks", len(*home.JSON200), 1)
	account := must[*api.GetAccountResponse](200)(c.GetAccountWithResponse(ctx, user, nil))
	is("total", account.JSON200.Tasks.Total, 2)
	export := must[*api.ExportAccountResponse](200)(c.ExportAccountWithResponse(ctx, user))
	is("exported tasks", len(export.JSON200.Tasks), 2)

	must[*api.DeleteTaskResponse](204)(c.DeleteTaskWithResponse(ctx, user, id, nil))
	missing := must[*api.GetTaskResponse](404)(c.GetTaskWithResponse(ctx, user, id, nil))
	is("detail", missing.ApplicationproblemJSON404.Detail, "there is no such task")
	changes := must[*api.ListChangesResponse](200)(c.ListChangesWithResponse(ctx, user, nil))
	is("changed", len(changes.JSON200.Tasks), 1)
	cleared := must[*api.ClearTasksResponse](200)(c.ClearTasksWithResponse(ctx, user, &api.ClearTasksParams{Completed: &yes}))
	is("deleted", cleared.JSON200.Deleted, 1)
	must[*api.DeleteAccountResponse](204)(c.DeleteAccountWithResponse(ctx, user))
}
