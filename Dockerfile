# The image: the program and the certificates of public authorities, nothing else,
# so no shell and no package that could have a fault.

# .git is not in the context: whoever builds says what is built, as the Makefile does.
ARG VERSION="" COMMIT="" DATE=""

FROM scratch AS base
ARG VERSION COMMIT DATE
LABEL org.opencontainers.image.title="securetodo" \
      org.opencontainers.image.description="A secure multi-user todo backend on PostgreSQL" \
      org.opencontainers.image.source="https://github.com/securetodo/securetodo" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.created="$DATE"
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["/todo", "health"]
ENTRYPOINT ["/todo"]
CMD ["serve"]

# For a machine that reaches no registry: `make image` builds the binary outside.
FROM base AS prebuilt
COPY bin/image /

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH VERSION COMMIT DATE
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags="-s -w -X main.version=$VERSION -X main.commit=$COMMIT -X main.date=$DATE" -o /out/todo ./cmd/todo && \
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ca-certificates.crt

FROM base
COPY --from=build /out /
