package http

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/mux"
)

// A route is a resource's path and its handlers by method. HEAD and OPTIONS need
// no entry, and the path is served with a trailing slash too.
type route struct {
	path    string
	methods map[string]handler
}

// routes is the API in the order of the contract.
func (s *server) routes() []route {
	return []route{
		{"/api/{user_id}/tasks", map[string]handler{"GET": s.listTasks, "POST": s.createTask, "PATCH": s.completeTasks, "DELETE": s.clearTasks}},
		{"/api/{user_id}/tasks/{id}", map[string]handler{"GET": s.getTask, "PUT": s.updateTask, "PATCH": s.updateTask, "DELETE": s.deleteTask}},
		{"/api/{user_id}/tasks/{id}/complete", map[string]handler{"PATCH": s.completeTask}},
		{"/api/{user_id}", map[string]handler{"GET": s.getAccount, "DELETE": s.eraseAccount}},
		{"/api/{user_id}/export", map[string]handler{"GET": s.export}},
		{"/openapi.yaml", map[string]handler{"GET": s.contract}},
		{"/docs", map[string]handler{"GET": s.docsPage}},
		{"/docs/{asset}", map[string]handler{"GET": s.docsAsset}},
		{"/problems/{slug}", map[string]handler{"GET": s.problem}},
		{"/health", map[string]handler{"GET": s.health}},
	}
}

// serve chooses by method, after wall 1: whose path it is comes before
// everything else about a request.
func (rt route) serve(w http.ResponseWriter, r *http.Request) error {
	infoOf(r).route = rt.path
	if inAPI(r) {
		if err := requireOwner(r); err != nil {
			return err
		}
		if err := rt.refuseQuery(r); err != nil {
			return err
		}
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if handle, ok := rt.methods[method]; ok {
		return handle(w, r)
	}
	w.Header().Set("Allow", rt.allow())
	if method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return errMethod
}

// refuseQuery refuses query parameters where a resource knows none; the handlers of
// the list know theirs.
func (rt route) refuseQuery(r *http.Request) error {
	if rt.path == "/api/{user_id}/tasks" {
		return nil
	}
	_, err := readParameters(r)
	return err
}

// allow lists the methods of the resource (RFC 9110, section 10.2.1).
func (rt route) allow() string {
	allowed := slices.Collect(maps.Keys(rt.methods))
	if _, ok := rt.methods[http.MethodGet]; ok {
		allowed = append(allowed, http.MethodHead)
	}
	allowed = append(allowed, http.MethodOptions)
	slices.Sort(allowed)
	return strings.Join(allowed, ", ")
}

// pathValue returns a variable of the path, percent-decoded once.
func pathValue(r *http.Request, name string) string {
	value, err := url.PathUnescape(mux.Vars(r)[name])
	if err != nil {
		// net/http has parsed the path, so each escape in it is whole.
		return ""
	}
	return value
}
