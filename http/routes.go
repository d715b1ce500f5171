package http

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"
)

// A route is a resource's path and its handlers by method. HEAD and OPTIONS need
// no entry.
type route struct {
	path    string
	pattern pattern // of the path; newRouter sets it
	methods map[string]handler
	// readsQuery says that the handlers read the query string and refuse what they do
	// not know. Elsewhere under /api/ every parameter is refused.
	readsQuery bool
	// docs marks a part of the docs page, which is served only if configured.
	docs bool
}

// isProbe reports whether orchestrators ask for it, every second or so.
func (rt *route) isProbe() bool {
	return rt.path == healthPath || rt.path == livePath || rt.path == readyPath
}

// routes is the API in the order of the contract.
func (s *server) routes() []route {
	return []route{
		{
			path:       "/api/{user_id}/tasks",
			methods:    map[string]handler{"GET": s.listTasks, "POST": s.createTask, "PATCH": s.completeTasks, "DELETE": s.clearTasks},
			readsQuery: true,
		},
		{path: "/api/{user_id}/tasks/{id}", methods: map[string]handler{"GET": s.getTask, "PUT": s.updateTask, "PATCH": s.updateTask, "DELETE": s.deleteTask}},
		{path: "/api/{user_id}/tasks/{id}/complete", methods: map[string]handler{"PATCH": s.completeTask}},
		{path: "/api/{user_id}/changes", methods: map[string]handler{"GET": s.getChanges}, readsQuery: true},
		{path: "/api/{user_id}", methods: map[string]handler{"GET": s.getAccount, "DELETE": s.eraseAccount}, readsQuery: true},
		{path: "/api/{user_id}/export", methods: map[string]handler{"GET": s.export}},
		{path: "/openapi.yaml", methods: map[string]handler{"GET": s.contract.getYAML}},
		{path: "/openapi.json", methods: map[string]handler{"GET": s.contract.getJSON}},
		{path: "/docs", methods: map[string]handler{"GET": s.getDocs}, docs: true},
		{path: "/docs/{asset}", methods: map[string]handler{"GET": s.getDocsAsset}, docs: true},
		{path: "/problems/{slug}", methods: map[string]handler{"GET": problemPages(s.config.PublicURL)}},
		{path: healthPath, methods: map[string]handler{"GET": s.getHealth}},
	}
}

// newRouter serves each route at its path, and where trailingSlash is true also with a
// slash behind it. It matches the encoded path as it came: a user id may hold an encoded
// slash, and no path is cleaned into another one by a redirect.
func newRouter(routes []route, trailingSlash bool) *mux.Router {
	router := mux.NewRouter()
	router.NotFoundHandler = handler(notFound)
	for _, rt := range routes {
		rt.pattern = newPattern(rt.path)
		router.MatcherFunc(rt.matcher(trailingSlash)).Handler(handler(rt.dispatch))
	}
	return router
}

// routed finds the route of a request, so that all that is behind it, and the log of what
// they refuse, knows it. serveRoute, the last of them, runs its handler.
func routed(router *mux.Router, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Router.ServeHTTP would copy the request twice, to put the variables and the
		// route into its context.
		router.Match(r, &infoOf(r).match)
		next.ServeHTTP(w, r)
	})
}

func serveRoute(w http.ResponseWriter, r *http.Request) { infoOf(r).match.Handler.ServeHTTP(w, r) }

func notFound(_ http.ResponseWriter, r *http.Request) error {
	if path := infoOf(r).path; path == "/api/" || strings.Contains(path, "//") {
		return errEmptySegment
	}
	return errNoPath
}

// dispatch chooses the handler by method. Whose path it is comes first: another user
// learns nothing else about it.
func (rt *route) dispatch(w http.ResponseWriter, r *http.Request) error {
	i := infoOf(r)
	if i.inAPI() {
		if err := requireOwner(r); err != nil {
			return err
		}
		if !rt.readsQuery {
			if _, err := readParameters(r); err != nil {
				return err
			}
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
	if strings.HasSuffix(i.path, "/") {
		return errMethodOfSlash
	}
	return errMethod
}

// allow lists the methods of the resource (RFC 9110, section 10.2.1).
func (rt *route) allow() string {
	allowed := slices.Collect(maps.Keys(rt.methods))
	if _, ok := rt.methods[http.MethodGet]; ok {
		allowed = append(allowed, http.MethodHead)
	}
	allowed = append(allowed, http.MethodOptions)
	slices.Sort(allowed)
	return strings.Join(allowed, ", ")
}
