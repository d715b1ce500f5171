package http_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	todohttp "github.com/securetodo/securetodo/http"
)

// TestContractLimitsAreTheServers compares each limit in openapi.yaml, as a keyword of
// a schema or in a sentence, with the constant that the server obeys.
func TestContractLimitsAreTheServers(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(encoded, &tree); err != nil {
		t.Fatal(err)
	}
	documented := map[string]int{}
	collectLimits(tree, "", documented)
	want := map[string]int{
		"/components/schemas/Task/properties/title/maxLength":                                    todohttp.MaxTitle,
		"/components/schemas/Description/maxLength":                                              todohttp.MaxDescription,
		"/components/schemas/Tag/maxLength":                                                      todohttp.MaxTag,
		"/components/schemas/Tags/maxItems":                                                      todohttp.MaxTags,
		"/components/parameters/tag_filter/schema/maxItems":                                      todohttp.MaxTags,
		"/components/schemas/TagsInput/maxItems":                                                 todohttp.MaxTags,
		"/components/parameters/limit/schema/maximum":                                            todohttp.MaxPage,
		"/components/parameters/limit/schema/default":                                            todohttp.MaxPage,
		"/paths//api/{user_id}/tasks/get/responses/200/content/application/json/schema/maxItems": todohttp.MaxPage,
		"/components/schemas/Problem/properties/errors/maxItems":                                 todohttp.MaxFieldErrors,
		"/components/schemas/Changes/properties/tasks/maxItems":                                  todohttp.MaxPage,
		"/components/schemas/Changes/properties/deleted/maxItems":                                todohttp.MaxPage,
		"/components/schemas/Task/properties/version/maximum":                                    1<<53 - 1, // users_version_safe
		"/components/schemas/Problem/properties/status/maximum":                                  599,
	}
	for _, path := range slices.Sorted(maps.Keys(documented)) {
		if limit, known := want[path]; !known {
			t.Errorf("%s: no constant is known for it", path)
		} else if documented[path] != limit {
			t.Errorf("%s is %d, the server's limit %d", path, documented[path], limit)
		}
		delete(want, path)
	}
	for path := range want {
		t.Errorf("the contract lacks %s", path)
	}

	file, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(file)), " ")
	for _, sentence := range []string{
		"one JSON object (RFC 8259) of at most " + todohttp.Kibibytes(todohttp.MaxBody),
		"The body is larger than " + todohttp.Kibibytes(todohttp.MaxBody),
		"headers over " + todohttp.Kibibytes(todohttp.MaxHeader),
		fmt.Sprintf("1 to %d characters (Unicode code points)", todohttp.MaxTitle),
		"Form C, in which it has at most " + todohttp.Grouped(todohttp.MaxDescription) + " characters",
		fmt.Sprintf("Form C, in which it has at most %d characters", todohttp.MaxTag),
		fmt.Sprintf("At most %d characters in Normalization Form C", todohttp.MaxSearch),
	} {
		if !strings.Contains(text, sentence) {
			t.Errorf("the contract does not say %q", sentence)
		}
	}
}

// collectLimits gathers the numbers of the keywords that bound a value from above,
// and what a bounded number is by default.
func collectLimits(node any, path string, found map[string]int) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			number, isNumber := value.(float64)
			if isNumber && (strings.HasPrefix(key, "max") || key == "default") {
				found[path+"/"+key] = int(number)
			}
			collectLimits(value, path+"/"+key, found)
		}
	case []any:
		for i, value := range node {
			collectLimits(value, fmt.Sprintf("%s/%d", path, i), found)
		}
	}
}

func TestContractLimitsSortsToTheServers(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, name := range doc.Components.Parameters["sort"].Value.Schema.Value.Enum {
		documented = append(documented, fmt.Sprint(name))
	}
	if served := todohttp.SortNames(); !slices.Equal(documented, served) {
		t.Errorf("openapi.yaml has the sorts %q, the server %q", documented, served)
	}
}
