//go:build unix

package embedded

// WithPGBin is c as with PG_BIN, and usable in parallel.
func (c Config) WithPGBin(bin string) Config {
	c.search = &search{folders: []string{bin}}
	return c
}

// WithNothingInstalled is c on a machine that has no PostgreSQL and keeps
// downloads in cache.
func (c Config) WithNothingInstalled(cache string) Config {
	c.search = &search{folders: []string{downloaded(cache)}, cache: cache}
	return c
}
