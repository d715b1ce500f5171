package observability_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"

	"github.com/securetodo/securetodo/http/observability"
)

// receiver counts the spans that it gets, by either protocol.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	spans atomic.Int64
}

func (c *receiver) Export(_ context.Context, request *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	for _, resource := range request.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans.Add(int64(len(scope.Spans)))
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &request) != nil {
		http.Error(w, "not spans", http.StatusBadRequest)
		return
	}
	_, _ = c.Export(r.Context(), &request)
}

// TestExportTracesByTheVariablesOfOpenTelemetry is not parallel: it sets them.
func TestExportTracesByTheVariablesOfOpenTelemetry(t *testing.T) {
	got := &receiver{}
	overHTTP := httptest.NewServer(got)
	t.Cleanup(overHTTP.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, got)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	overGRPC := "http://" + listener.Addr().String()
	for name, c := range map[string]struct {
		environment map[string]string
		none        bool  // no tracer at all
		spans       int64 // of one request
	}{
		"nothing is set":            {none: true},
		"an endpoint":               {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": overHTTP.URL}, false, 1},
		"an endpoint for traces":    {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": overHTTP.URL + "/v1/traces"}, false, 1},
		"gRPC":                      {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": overGRPC, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, 1},
		"a sampler that takes all":  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": overHTTP.URL, "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1"}, false, 1},
		"a sampler that takes none": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": overHTTP.URL, "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, false, 0},
		"switched off":              {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": overHTTP.URL, "OTEL_SDK_DISABLED": "true"}, true, 0},
		"no exporter":               {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": overHTTP.URL, "OTEL_TRACES_EXPORTER": "none"}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range c.environment {
				t.Setenv(variable, value)
			}
			got.spans.Store(0)
			tracer, flush, err := observability.ExportTraces(t.Context(), slog.New(slog.DiscardHandler), "1")
			if err != nil || (tracer == nil) != c.none {
				t.Fatal(tracer, err)
			}
			if tracer != nil {
				r := httptest.NewRequestWithContext(t.Context(), "GET", "/secret", nil)
				span := tracer.Begin(r, time.Now())
				if len(span.TraceID()) != 32 {
					t.Errorf("%q", span.TraceID())
				}
				span.End(r, "/a", 200, "id", "")
			}
			flush()
			if n := got.spans.Load(); n != c.spans {
				t.Errorf("%d spans, want %d", n, c.spans)
			}
		})
	}
	for variable, value := range map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "pigeon", "OTEL_TRACES_EXPORTER": "zipkin"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", overHTTP.URL)
			t.Setenv(variable, value)
			if _, _, err := observability.ExportTraces(t.Context(), slog.New(slog.DiscardHandler), "1"); err == nil {
				t.Error("it is accepted")
			}
		})
	}
}

// TestTraceIDIsThatOfAWholeTraceparentAlone follows W3C Trace Context, section 3.2.
func TestTraceIDIsThatOfAWholeTraceparentAlone(t *testing.T) {
	t.Parallel()
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for want, values := range map[string][][]string{
		trace: {{"00-" + trace + "-" + span + "-01"}, {"00-" + trace + "-" + span + "-00"}},
		"": {
			nil,
			{""},
			{"hello"},
			{"00-" + trace + "-" + span},
			{"ff-" + trace + "-" + span + "-01"},
			{"00-00000000000000000000000000000000-" + span + "-01"},
			{"00-" + trace + "-0000000000000000-01"},
			{"00-4BF92F3577B34DA6A3CE929D0E0E4736-" + span + "-01"},
			{"00-" + trace + "-" + span + "-01-more"},
			{"00-" + trace + "-" + span + "-01", "00-" + trace + "-" + span + "-01"},
		},
	} {
		for _, value := range values {
			if got := observability.TraceID(http.Header{"Traceparent": value}); got != want {
				t.Errorf("%q: %q, want %q", value, got, want)
			}
		}
	}
}
