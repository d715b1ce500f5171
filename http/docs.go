package http

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"
)

//go:embed docs
var docsFiles embed.FS

// docsAssets are the files that the page loads, with their media types. The page is
// Scalar's (scalar.js), which docs/NOTICE.txt says more of.
var docsAssets = map[string]string{
	"page.css":   "text/css; charset=utf-8",
	"strict.js":  "text/javascript; charset=utf-8",
	"scalar.js":  "text/javascript; charset=utf-8",
	"token.js":   "text/javascript; charset=utf-8",
	"page.js":    "text/javascript; charset=utf-8",
	"NOTICE.txt": "text/plain; charset=utf-8",
}

// docs is the page on which a person tries the contract. A nil one is not offered.
type docs struct {
	layout   *template.Template
	settings template.JS
	assets   map[string]*docsAsset
}

// docsAsset is a file of the page. It is compressed at the first request: what Scalar
// takes over the wire is a quarter of it then.
type docsAsset struct {
	mediaType, tag string
	content        []byte
	gzipped        func() []byte
}

func newDocs(c Config) *docs {
	settings, err := json.Marshal(map[string]any{
		"user": c.DemoUser, "token": c.DemoToken, "claims": c.Verifier.UserClaims(),
	}, json.Deterministic(true), jsontext.EscapeForHTML(true))
	if err != nil {
		panic(fmt.Errorf("settings of the page that are no JSON: %w", err))
	}
	d := &docs{
		layout:   template.Must(template.ParseFS(docsFiles, "docs/docs.html")),
		settings: template.JS(settings),
		assets:   map[string]*docsAsset{},
	}
	for name, mediaType := range docsAssets {
		content, err := docsFiles.ReadFile("docs/" + name)
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(content)
		d.assets[name] = &docsAsset{
			mediaType: mediaType, content: content,
			tag:     `W/"` + base64.RawURLEncoding.EncodeToString(sum[:9]) + `"`,
			gzipped: sync.OnceValue(func() []byte { return gzipped(content) }),
		}
	}
	return d
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // a level that there is
	_, _ = w.Write(content)
	_ = w.Close()
	return b.Bytes()
}

// getDocs renders the page. All URLs in it are relative, so that it works behind any
// prefix; from /docs/ they lead elsewhere than from /docs.
func (s *server) getDocs(w http.ResponseWriter, r *http.Request) error {
	nonce := rand.Text()
	assets, contract := "docs/", "openapi.yaml"
	if strings.HasSuffix(infoOf(r).path, "/") {
		assets, contract = "", "../openapi.yaml"
	}
	var html bytes.Buffer
	if err := s.docs.layout.Execute(&html, struct {
		Nonce, Assets, Contract string
		Settings                template.JS
	}{nonce, assets, contract, s.docs.settings}); err != nil {
		return fmt.Errorf("rendering the page: %w", err)
	}
	p := newPage(html.Bytes(), "script-src", "style-src", "img-src", "connect-src")
	p.allowStyles(nonce)
	p.write(w)
	return nil
}

func (s *server) getDocsAsset(w http.ResponseWriter, r *http.Request) error {
	asset, ok := s.docs.assets[pathValue(r, "asset")]
	if !ok {
		return errNoPath
	}
	header := w.Header()
	header.Add("Vary", "Accept-Encoding")
	header.Set("ETag", asset.tag)
	if notModified(r, asset.tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body := asset.content
	if acceptsGzip(r) {
		body = asset.gzipped()
		header.Set("Content-Encoding", "gzip")
	}
	write(w, http.StatusOK, asset.mediaType, body)
	return nil
}
