package http_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

func withDocs(c *todohttp.Config) { c.Docs = true }

func TestContractIsReadableByEveryone(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	file, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, origin := range []string{"https://app.example", "https://elsewhere.example"} {
		got := a.do("", "GET", "/openapi.yaml", "", "Origin: "+origin).must(t, 200)
		if got.body != string(file) || got.Header.Get("Content-Type") != "application/yaml" || !slices.Equal(got.Header.Values("Access-Control-Allow-Origin"), []string{"*"}) {
			t.Errorf("%s: %d bytes, %v", origin, len(got.body), got.Header)
		}
	}
	a.do("", "HEAD", "/openapi.yaml/", "").must(t, 200)
	if got := a.do("", "POST", "/openapi.yaml", "").must(t, 405); got.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("Allow: %s", got.Header.Get("Allow"))
	}
}

func TestContractIsServedAsJSONToo(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	got := a.do("", "GET", "/openapi.json", "", "Origin: https://elsewhere.example").must(t, 200)
	if got.Header.Get("Content-Type") != "application/json" || !slices.Equal(got.Header.Values("Access-Control-Allow-Origin"), []string{"*"}) {
		t.Errorf("%v", got.Header)
	}
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	var trees [2]any
	ofYAML, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	served, err := openapi3.NewLoader().LoadFromData([]byte(got.body))
	if err != nil {
		t.Fatal(err)
	}
	ofJSON, err := json.Marshal(served)
	if err != nil {
		t.Fatal(err)
	}
	for i, encoded := range [][]byte{ofYAML, ofJSON} {
		if err := json.Unmarshal(encoded, &trees[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(trees[0], trees[1]) {
		t.Error("/openapi.json is another contract than /openapi.yaml")
	}
	a.do("", "HEAD", "/openapi.json/", "").must(t, 200)
	a.do("", "POST", "/openapi.json", "").must(t, 405).problem(t)
}

func TestDocsAreOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for _, path := range []string{"/docs", "/docs/", "/docs/scalar.js", "/docs/page.js"} {
		for _, method := range []string{"GET", "POST"} {
			a.do("", method, path, "").must(t, 404).problem(t)
		}
	}
}

func TestDocsPageIsWholeAndStrict(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), withDocs)
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".yaml": "application/yaml"}
	for _, address := range []string{"/docs", "/docs/"} {
		page := a.do("", "GET", address, "").must(t, 200)
		isStrict(t, page)
		if strings.Contains(page.body, "eyJ") {
			t.Errorf("%s holds a token: %s", address, page.body)
		}
		references := regexp.MustCompile(`(?:src|href)="([^":]+)"`).FindAllStringSubmatch(page.body, -1)
		if len(references) != 6 {
			t.Errorf("%s refers to %v", address, references)
		}
		for _, reference := range references {
			at := page.Request.URL.ResolveReference(&url.URL{Path: reference[1]}).Path
			plain := a.do("", "GET", at, "", "Accept-Encoding: identity").must(t, 200)
			if strings.HasPrefix(reference[1], "/") || plain.Header.Get("Content-Type") != kinds[path.Ext(at)] || plain.body == "" {
				t.Errorf("%s: %s: %v", address, reference[1], plain.Header)
			}
			if path.Ext(at) == ".yaml" {
				continue
			}
			packed := a.do("", "GET", at, "", "Accept-Encoding: gzip").must(t, 200)
			if packed.Header.Get("Content-Encoding") != "gzip" || gunzip(t, packed.body) != plain.body {
				t.Errorf("%s: %v", at, packed.Header)
			}
			a.do("", "GET", at, "", "If-None-Match: "+packed.Header.Get("ETag")).must(t, 304)
			a.do("", "HEAD", at, "").must(t, 200)
			a.do("", "DELETE", at, "").must(t, 405).problem(t)
		}
	}
	if notice := a.do("", "GET", "/docs/NOTICE.txt", "").must(t, 200).body; !strings.Contains(notice, "Permission is hereby granted") {
		t.Errorf("the licences of what is embedded are %q", notice)
	}
	for _, path := range []string{"/docs/docs.html", "/docs/problem.html", "/docs/..%2Fdocs.go", "/docs/a/b"} {
		a.do("", "GET", path, "").must(t, 404).problem(t)
	}
}

func TestDocsHaveADemoTokenOnlyWhereItIsGiven(t *testing.T) {
	t.Parallel()
	const user, given = "a</script>b", "the-token"
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), withDocs, func(c *todohttp.Config) { c.DemoUser, c.DemoToken = user, given })
	page := a.do("", "GET", "/docs", "").must(t, 200)
	isStrict(t, page)
	if !strings.Contains(page.body, given) || strings.Contains(page.body, user) {
		t.Error(page.body)
	}
}

// TestDocsHaveANonceOfTheirOwn: one that can be guessed would allow any style.
func TestDocsHaveANonceOfTheirOwn(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), withDocs)
	var nonces []string
	for range 2 {
		page := a.do("", "GET", "/docs", "").must(t, 200)
		nonce := regexp.MustCompile(`style-src 'self' 'nonce-([A-Z2-7]{26,})';`).FindStringSubmatch(page.Header.Get("Content-Security-Policy"))
		if nonce == nil || slices.Contains(nonces, nonce[1]) || strings.Count(page.body, `"`+nonce[1]+`"`) != 2 {
			t.Fatalf("%v %s", page.Header, page.body)
		}
		nonces = append(nonces, nonce[1])
	}
}

// TestDocsKnowTheUserClaim of each algorithm: from it the page tells who a token is of.
func TestDocsKnowTheUserClaim(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), withDocs, func(c *todohttp.Config) {
		verifier, err := auth.New(auth.Config{
			Secret: []byte(secret), SecretPolicy: auth.Policy{UserClaim: "user.id"},
			JWKSURL: "https://app.example/jwks", JWKSPolicy: auth.Policy{Audience: "a"},
		})
		if err != nil {
			t.Fatal(err)
		}
		c.Verifier = verifier
	})
	page := a.do("", "GET", "/docs", "").must(t, 200)
	if !strings.Contains(page.body, `"HS256":"user.id"`) || !strings.Contains(page.body, `"EdDSA":"sub"`) {
		t.Error(page.body)
	}
}

// isStrict checks that a page may load nothing from elsewhere and run nothing but
// what its policy names by hash; that the hashes are right, a browser tests.
func isStrict(t *testing.T, page response) {
	t.Helper()
	policy := page.Header.Get("Content-Security-Policy")
	if page.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasPrefix(policy, "default-src 'none'; ") ||
		!strings.HasSuffix(policy, "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'") {
		t.Errorf("%v", page.Header)
	}
	for _, source := range strings.Fields(strings.ReplaceAll(policy, ";", "")) {
		if strings.Contains(source, "unsafe") || strings.ContainsAny(source, "*") || strings.Contains(source, "//") && !strings.HasPrefix(source, "'sha256-") {
			t.Errorf("the policy allows %s", source)
		}
	}
}

// TestProblemPageExistsForEachType takes the types that may occur from the contract and those
// that do from the code.
func TestProblemPageExistsForEachType(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	documented := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^ +- /problems/([a-z-]+)$`).FindAllStringSubmatch(a.do("", "GET", "/openapi.yaml", "").body, -1) {
		documented[match[1]] = true
	}
	produced := producedSlugs(t)
	if len(produced) < 10 {
		t.Errorf("found only %v in the code", produced)
	}
	for _, slug := range produced {
		if !documented[slug] {
			t.Errorf("the contract does not know the problem type %s", slug)
		}
	}
	for slug := range documented {
		page := a.do("", "GET", "/problems/"+slug, "").must(t, 200)
		isStrict(t, page)
		if !strings.Contains(page.body, "<code>/problems/"+slug+"</code>") || strings.Contains(page.body, "<script") {
			t.Errorf("%s: %s", slug, page.body)
		}
	}
	a.do("", "GET", "/problems/nothing", "").must(t, 404).problem(t)
	a.do("", "GET", "/problems", "").must(t, 404).problem(t)
	a.do("", "PUT", "/problems/validation", "").must(t, 405).problem(t)
}

// producedSlugs reads the literals of clientError, whose second field is the slug,
// and of problem, whose Type is.
func producedSlugs(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var slugs []string
	add := func(e ast.Expr) {
		if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == gotoken.STRING {
			slugs = append(slugs, strings.Trim(literal.Value, `"`))
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for node := range ast.Preorder(file) {
			literal, ok := node.(*ast.CompositeLit)
			if !ok || len(literal.Elts) == 0 {
				continue
			}
			switch made, _ := literal.Type.(*ast.Ident); {
			case made == nil:
			case made.Name == "clientError":
				add(literal.Elts[1])
			case made.Name == "problem":
				for _, element := range literal.Elts {
					if pair, ok := element.(*ast.KeyValueExpr); ok && pair.Key.(*ast.Ident).Name == "Type" {
						add(pair.Value)
					}
				}
			}
		}
	}
	return slugs
}
