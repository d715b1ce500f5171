//go:build unix

package embedded

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
)

// WithPGBin is c as with PG_BIN, and usable in parallel.
func (c Config) WithPGBin(bin string) Config {
	c.search = &search{folders: []string{bin}}
	return c
}

// WithNothingInstalled is c on a machine that has no PostgreSQL, keeps downloads in cache,
// trusts what client trusts, and for which the program knows the digest of content.
func (c Config) WithNothingInstalled(cache string, client *http.Client, content []byte) Config {
	sum := sha512.Sum512(content)
	c.search = &search{cache: cache, client: client, limit: 1 << 20, archive: archive{"test-machine", "sha512-" + base64.StdEncoding.EncodeToString(sum[:])}}
	return c
}

// Download downloads alone.
func (c Config) Download(ctx context.Context) (bin string, err error) {
	return c.download(ctx, c.search)
}

// WithRegistries sets other registries than npm's own, for a test that is not parallel.
func WithRegistries(urls ...string) (restore func()) {
	before := registries
	registries = urls
	return func() { registries = before }
}

// Archives are the digests of the archives that there are, by platform.
func Archives() map[string]string {
	all := map[string]string{}
	for platform, a := range archives {
		all[platform] = a.integrity
	}
	return all
}

// PackageVersion is that of the archives.
const PackageVersion = packageVersion
