package http

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/swaggest/swgui"
	swagger "github.com/swaggest/swgui/v5emb"
)

//go:embed docs
var docsFiles embed.FS

// swaggerAssets are the files of Swagger UI that its page loads.
var swaggerAssets = []string{
	"favicon-16x16.png", "favicon-32x32.png",
	"swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js",
}

// ownAssets are served beside them, with their media types: a theme for dark systems
// and for phones, and a script that fills in parameters.
var ownAssets = map[string]string{
	"theme.css": "text/css; charset=utf-8",
	"fill.js":   "text/javascript; charset=utf-8",
}

// docs is the page on which a person tries the contract. A nil one is not offered.
type docs struct {
	page    page
	swagger http.Handler
}

// newDocs renders Swagger UI's page once: nothing in it depends on the request, and
// its policy names the hashes of what was rendered.
func newDocs(c Config) *docs {
	user, err := json.Marshal(c.DemoUser, jsontext.EscapeForHTML(true))
	if err != nil {
		panic(fmt.Errorf("a demo user that is no JSON: %w", err))
	}
	config := swgui.Config{
		Title: "securetodo", SwaggerJSON: "/openapi.yaml", BasePath: "/docs",
		AppendHead: template.HTML(`<meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="stylesheet" href="/docs/theme.css">
    <script src="/docs/fill.js"></script>`),
		SettingsUI: map[string]string{
			"plugins":                "[SwaggerUIBundle.plugins.DownloadUrl, fillIn(" + string(user) + ")]",
			"tryItOutEnabled":        "true",
			"displayRequestDuration": "true",
		},
	}
	if c.DemoToken != "" {
		config.PreAuthorizeApiKey = map[string]string{"bearerAuth": c.DemoToken}
	}
	d := &docs{swagger: swagger.NewHandlerWithConfig(config)}
	if d.page, err = render(d.swagger, "/docs"); err != nil {
		panic(err)
	}
	return d
}

func (s *server) getDocs(w http.ResponseWriter, _ *http.Request) error {
	s.docs.page.write(w)
	return nil
}

func (s *server) getDocsAsset(w http.ResponseWriter, r *http.Request) error {
	name := pathValue(r, "asset")
	if mediaType, ok := ownAssets[name]; ok {
		content, err := docsFiles.ReadFile("docs/" + name)
		if err != nil {
			return err
		}
		write(w, http.StatusOK, mediaType, content)
		return nil
	}
	// Swagger UI's own handler would reply in plain text.
	if !slices.Contains(swaggerAssets, name) {
		return errNoPath
	}
	asset := r.Clone(r.Context())
	asset.URL.Path, asset.URL.RawPath = "/docs/"+name, ""
	s.docs.swagger.ServeHTTP(w, asset)
	return nil
}
