package embedded

// WithPGBin is c as with PG_BIN, and usable in parallel.
func (c Config) WithPGBin(bin string) Config {
	c.search = machine()
	c.search.pgBin = bin
	return c
}

// WithNothingInstalled is c on a machine that has no PostgreSQL and keeps
// downloads in cache.
func (c Config) WithNothingInstalled(cache string) Config {
	c.search = &search{cache: cache}
	return c
}
