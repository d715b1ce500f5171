package main

import (
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(apiVersion: .*?)```")

// manifests are the Kubernetes objects of DEPLOY.md, as YAML documents.
func manifests(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../DEPLOY.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, match := range yamlBlock.FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, match[1])
	}
	if len(blocks) == 0 {
		t.Fatal("DEPLOY.md has no block of YAML with an apiVersion")
	}
	return strings.Join(blocks, "---\n")
}

// object is what the manifests have in common with what is asked of them here.
type object struct {
	Kind string
	Spec struct {
		Selector    any
		PodSelector any `yaml:"podSelector"`
		Template    struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				Grace  int `yaml:"terminationGracePeriodSeconds"`
				Spread []struct {
					LabelSelector any `yaml:"labelSelector"`
				} `yaml:"topologySpreadConstraints"`
				Containers []struct {
					Ports     []struct{ Name string }
					Resources struct{ Requests, Limits map[string]string }
				}
			}
		}
		Ports []struct {
			TargetPort string `yaml:"targetPort"`
		}
		Ingress []struct{ Ports []struct{ Port string } }
	}
}

// TestManifestsOfThePageFitTogether reads what a cluster takes without a word: a selector
// that selects nothing, a budget that is nobody's.
func TestManifestsOfThePageFitTogether(t *testing.T) {
	t.Parallel()
	objects := map[string]object{}
	documents, err := yaml.NewLoader(strings.NewReader(manifests(t)))
	if err != nil {
		t.Fatal(err)
	}
	for {
		var o object
		if err := documents.Load(&o); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		objects[o.Kind] = o
	}
	if got, want := slices.Sorted(maps.Keys(objects)), []string{"Deployment", "Job", "NetworkPolicy", "PodDisruptionBudget", "Service"}; !slices.Equal(got, want) {
		t.Fatalf("the page has %v, want %v", got, want)
	}

	pods := objects["Deployment"].Spec.Template
	app := pods.Metadata.Labels["app"]
	selectors := map[string]any{"Service": map[string]any{"matchLabels": objects["Service"].Spec.Selector}, "NetworkPolicy": objects["NetworkPolicy"].Spec.PodSelector}
	for _, kind := range []string{"Deployment", "PodDisruptionBudget"} {
		selectors[kind] = objects[kind].Spec.Selector
	}
	for _, spread := range pods.Spec.Spread {
		selectors["Spread"] = spread.LabelSelector
	}
	if len(selectors) != 5 {
		t.Error("nothing spreads the servers over nodes")
	}
	for of, selector := range selectors {
		labels, _ := selector.(map[string]any)["matchLabels"].(map[string]any)
		if len(labels) != 1 || labels["app"] != app {
			t.Errorf("%s selects %v, the servers are app %q", of, selector, app)
		}
	}

	for _, kind := range []string{"Deployment", "Job"} {
		for _, c := range objects[kind].Spec.Template.Spec.Containers {
			if c.Resources.Requests["cpu"] == "" || c.Resources.Requests["memory"] == "" || c.Resources.Limits["memory"] == "" {
				t.Errorf("%s has resources %v: what it asks for, and a limit of memory, are missing", kind, c.Resources)
			}
		}
	}
	names := map[string]bool{}
	for _, port := range pods.Spec.Containers[0].Ports {
		names[port.Name] = true
	}
	for _, port := range objects["Service"].Spec.Ports {
		if port.TargetPort != "api" {
			t.Errorf("the service shows port %q", port.TargetPort)
		}
	}
	for _, rule := range objects["NetworkPolicy"].Spec.Ingress {
		for _, port := range rule.Ports {
			if !names[port.Port] {
				t.Errorf("the network policy names port %q, which is none of %v", port.Port, names)
			}
		}
	}
	if pods.Spec.Grace < 30 {
		t.Errorf("a server is killed after %d s: DRAIN and 25 more are 30", pods.Spec.Grace)
	}
}
