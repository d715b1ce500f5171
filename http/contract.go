package http

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/http"
	"regexp"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"
)

// openAPI is the contract.
//
//go:embed openapi.yaml
var openAPI []byte

// contract is served to the pages of every origin: it is no secret, and a client
// generator may run in a browser.
type contract struct {
	yaml []byte
	json func() (jsontext.Value, error) // for tools that read no YAML, made at the first request
}

// newContract has the contract of a server with this public URL, "" for none.
func newContract(base string) *contract {
	c := &contract{yaml: contractAt(base)}
	c.json = sync.OnceValues(func() (jsontext.Value, error) {
		var document yaml.Node
		if err := yaml.Load(c.yaml, &document); err != nil {
			return nil, fmt.Errorf("reading the contract: %w", err)
		}
		return toJSON(document.Content[0])
	})
	return c
}

// toJSON keeps the order of names, in which operations and fields are shown.
func toJSON(n *yaml.Node) (jsontext.Value, error) {
	begin, end := byte('{'), byte('}')
	switch n.Kind {
	case yaml.MappingNode:
	case yaml.SequenceNode:
		begin, end = '[', ']'
	default:
		var value any
		if err := n.Decode(&value); err != nil {
			return nil, err
		}
		return json.Marshal(value)
	}
	out := jsontext.Value{begin}
	for i, child := range n.Content {
		value, err := toJSON(child)
		if err != nil {
			return nil, err
		}
		switch isName := n.Kind == yaml.MappingNode && i%2 == 0; {
		case isName:
			if value, err = json.Marshal(child.Value); err != nil { // 200 is a name, too
				return nil, err
			}
			fallthrough
		case n.Kind == yaml.SequenceNode:
			if i > 0 {
				out = append(out, ',')
			}
		default:
			out = append(out, ':')
		}
		out = append(out, value...)
	}
	return append(out, end), nil
}

func (c *contract) getYAML(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	write(w, http.StatusOK, "application/yaml", c.yaml)
	return nil
}

func (c *contract) getJSON(w http.ResponseWriter, _ *http.Request) error {
	body, err := c.json()
	if err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	write(w, http.StatusOK, "application/json", body)
	return nil
}

// problemTypes are the types of problems where the contract has them as values, not in
// a sentence and not as a path.
var problemTypes = regexp.MustCompile(`(?m)(^ +- |const: |type: |enum: \[|, )(/problems/[a-z-]+)`)

// contractAt returns the contract of a server with a public URL: what it has as a path,
// the replies of that server have as a URL. An empty one changes nothing.
func contractAt(base string) []byte {
	if base == "" {
		return openAPI
	}
	contract := problemTypes.ReplaceAll(openAPI, []byte(`$1"`+base+`$2"`))
	for _, change := range [][2]string{
		{"servers:\n  - url: /\n", "servers:\n  - url: " + base + "\n"},
		{"pattern: '^/api/", "pattern: '^" + regexp.QuoteMeta(base) + "/api/"},
		{"example: /api/", "example: " + base + "/api/"},
		{"example: </api/", "example: <" + base + "/api/"},
	} {
		if bytes.Count(contract, []byte(change[0])) != 1 {
			panic(fmt.Sprintf("openapi.yaml must have %q once", change[0]))
		}
		contract = bytes.Replace(contract, []byte(change[0]), []byte(change[1]), 1)
	}
	return contract
}
