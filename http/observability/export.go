package observability

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// flushTimeout is how long the end of the program waits for the last spans.
const flushTimeout = time.Second

// faultInterval is between two lines that say that spans cannot be exported.
const faultInterval = time.Minute

// ExportTraces returns a tracer whose spans are exported as OpenTelemetry's variables
// say, or nil where they name no endpoint: OTEL_EXPORTER_OTLP_ENDPOINT, or
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. flush exports what is left, within a second.
//
// It reads the other standard variables too: OTEL_EXPORTER_OTLP_… (PROTOCOL: grpc or
// http/protobuf, which it is where nothing says so), OTEL_SERVICE_NAME (todo),
// OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_BSP_…, OTEL_SDK_DISABLED. What
// cannot be exported is said in the log once a minute, and lost.
//
// It sets the global error handler of OpenTelemetry, so it is called once in a program.
func ExportTraces(ctx context.Context, log *slog.Logger, version string) (t *Tracer, flush func(), err error) {
	flush = func() {}
	if setting("ENDPOINT") == "" || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, flush, nil
	}
	if e := os.Getenv("OTEL_TRACES_EXPORTER"); e != "" && e != "otlp" {
		return nil, flush, fmt.Errorf("OTEL_TRACES_EXPORTER: must be otlp or none")
	}
	faults := &faults{log: log}
	otel.SetErrorHandler(faults)
	otel.SetLogger(logr.New(faults))
	var client otlptrace.Client
	switch setting("PROTOCOL") {
	case "", "http/protobuf":
		client = otlptracehttp.NewClient()
	case "grpc":
		client = otlptracegrpc.NewClient()
	default:
		return nil, flush, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf or grpc")
	}
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, flush, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	of, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName("todo"), semconv.ServiceVersion(version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, flush, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(of))
	return NewTracer(provider), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			faults.Handle(err)
		}
	}, nil
}

// setting returns a variable of the exporter: that for traces, else that for all.
func setting(name string) string {
	return cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_"+name), os.Getenv("OTEL_EXPORTER_OTLP_"+name))
}

// faults logs what OpenTelemetry reports, at most once a minute. It is also the sink of
// its internal logger, of which it takes the errors alone.
type faults struct {
	log *slog.Logger

	mu     sync.Mutex
	logged time.Time
	since  int // that time
}

// Handle is otel.ErrorHandler's.
func (f *faults) Handle(err error) {
	f.mu.Lock()
	f.since++
	count, soon := f.since, time.Since(f.logged) < faultInterval
	if !soon {
		f.logged, f.since = time.Now(), 0
	}
	f.mu.Unlock()
	if !soon {
		f.log.Warn("traces cannot be exported", "error", err.Error(), "count", count)
	}
}

func (f *faults) Init(logr.RuntimeInfo)          {}
func (f *faults) Enabled(int) bool               { return false }
func (f *faults) Info(int, string, ...any)       {}
func (f *faults) WithValues(...any) logr.LogSink { return f }
func (f *faults) WithName(string) logr.LogSink   { return f }
func (f *faults) Error(err error, msg string, _ ...any) {
	if err == nil {
		f.Handle(fmt.Errorf("%s", msg))
		return
	}
	f.Handle(fmt.Errorf("%s: %w", msg, err))
}
