package http

import (
	"net/http"
	"strconv"
	"strings"
)

// ifMatch returns the versions that If-Match admits, nil where it admits any
// (RFC 9110, section 13.1.1). A weak tag, or one that is no version, admits none.
func ifMatch(r *http.Request) ([]int64, error) {
	header := strings.Join(r.Header.Values("If-Match"), ",")
	if _, given := r.Header["If-Match"]; !given || strings.TrimSpace(header) == "*" {
		return nil, nil
	}
	tags, ok := entityTags(header)
	if !ok {
		return nil, badRequest(`If-Match: must be * or entity tags such as "3"`)
	}
	versions := []int64{}
	for _, tag := range tags {
		version, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
		if err == nil && strconv.Quote(strconv.FormatInt(version, 10)) == tag {
			versions = append(versions, version)
		}
	}
	return versions, nil
}

// notModified reports whether If-None-Match names what the client has already, by
// weak comparison (RFC 9110, section 13.1.2). A malformed one is ignored.
func notModified(r *http.Request, etag string) bool {
	header := strings.Join(r.Header.Values("If-None-Match"), ",")
	if strings.TrimSpace(header) == "*" {
		return true
	}
	tags, _ := entityTags(header)
	for _, tag := range tags {
		if strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// entityTags splits a list of entity tags, weak ones with their W/. It is not ok
// when there is anything else, or none.
func entityTags(list string) (tags []string, ok bool) {
	for {
		list = strings.TrimLeft(list, " \t,")
		if list == "" {
			return tags, len(tags) > 0
		}
		opaque := strings.TrimPrefix(list, "W/")
		end := strings.IndexByte(strings.TrimPrefix(opaque, `"`), '"')
		if opaque[:min(1, len(opaque))] != `"` || end < 0 || strings.ContainsFunc(opaque[1:1+end], isNoTagCharacter) {
			return nil, false
		}
		size := len(list) - len(opaque) + end + 2
		tags = append(tags, list[:size])
		list = strings.TrimLeft(list[size:], " \t")
		if list != "" && list[0] != ',' {
			return nil, false
		}
	}
}

func isNoTagCharacter(r rune) bool { return r <= ' ' || r == 0x7f }
