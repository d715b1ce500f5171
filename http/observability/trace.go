package observability

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/securetodo/securetodo/db"
)

// Tracer makes a span for each request, and one for each of its queries. They are named
// by method and route, and by query: a path, a query string, an address, an argument of
// a query or a user is in none.
//
// It is not otelhttp, which records the path and the address, and does not know the
// route when it names the span.
type Tracer struct{ tracer trace.Tracer }

// NewTracer returns a tracer whose spans go to the provider.
func NewTracer(provider trace.TracerProvider) *Tracer {
	return &Tracer{provider.Tracer("github.com/securetodo/securetodo/http", trace.WithSchemaURL(semconv.SchemaURL))}
}

// remote returns the trace that a request is part of (W3C Trace Context), which is not
// valid where it says none, or nothing that can be understood. Its tracestate is left
// out: it is anybody's text, and of use to those alone that this server would call.
func remote(header http.Header) trace.SpanContext {
	if len(header["Traceparent"]) != 1 {
		return trace.SpanContext{}
	}
	carrier := propagation.HeaderCarrier{"Traceparent": header["Traceparent"]}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

// TraceID returns the id of the trace that a request says it is part of, in 32
// hexadecimal digits, or "".
func TraceID(header http.Header) string {
	if parent := remote(header); parent.IsValid() {
		return parent.TraceID().String()
	}
	return ""
}

// Span is that of a request.
type Span struct {
	tracer trace.Tracer
	span   trace.Span
}

// Begin begins the span of a request.
func (t *Tracer) Begin(r *http.Request, start time.Time) *Span {
	ctx := context.Background()
	if parent := remote(r.Header); parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, parent)
	}
	method := MethodName(r.Method)
	_, span := t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(start),
		trace.WithAttributes(semconv.HTTPRequestMethodKey.String(method)))
	return &Span{t.tracer, span}
}

// TraceID returns 32 hexadecimal digits, whether or not the span is exported.
func (s *Span) TraceID() string { return s.span.SpanContext().TraceID().String() }

// IsRecording reports whether the span will be exported.
func (s *Span) IsRecording() bool { return s.span.IsRecording() }

// End ends the span. The route is a pattern, or "" where there is none; problem is the
// last part of the reply's problem type, or "".
func (s *Span) End(r *http.Request, route string, status int, requestID, problem string) {
	if !s.span.IsRecording() {
		return
	}
	if route != "" {
		s.span.SetName(MethodName(r.Method) + " " + route)
		s.span.SetAttributes(semconv.HTTPRoute(route))
	}
	s.span.SetAttributes(semconv.HTTPResponseStatusCode(status), attribute.String("todo.request_id", requestID))
	if problem != "" {
		s.span.SetAttributes(semconv.ErrorTypeKey.String(problem))
	}
	if status >= http.StatusInternalServerError {
		s.span.SetStatus(codes.Error, problem)
	}
	s.span.End()
}

// Query adds the span of a query that has ended now. Its time begins when the query
// began to wait for a connection.
func (s *Span) Query(q db.QueryEnd) {
	ctx := trace.ContextWithSpan(context.Background(), s.span)
	_, span := s.tracer.Start(ctx, q.Query, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(q.Start),
		trace.WithAttributes(semconv.DBSystemNamePostgreSQL, semconv.DBQuerySummary(q.Query)))
	if q.SQLState != "" {
		span.SetAttributes(semconv.DBResponseStatusCode(q.SQLState))
	}
	if q.Failure != "" {
		span.SetAttributes(semconv.ErrorTypeKey.String(q.Failure))
		span.SetStatus(codes.Error, q.Failure)
	}
	span.End()
}
