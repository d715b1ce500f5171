package http

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// conditions are the preconditions of a change to one task.
type conditions struct {
	// ifMatch are the versions of which the task must have one, and ifNoneMatch those
	// of which it must have none; nil for no condition.
	ifMatch, ifNoneMatch []int64
	// weakMatch says that If-Match has a weak tag, which never matches.
	weakMatch bool
	// mustExist is any If-Match, and mustNotExist is If-None-Match: *.
	mustExist, mustNotExist bool
}

// readConditions reads If-Match and If-None-Match (RFC 9110, sections 13.1.1 and
// 13.1.2). If-Match: * is no condition, since what does not exist is a 404. A malformed
// one is a 400, because a change that ignored it could overwrite another.
func readConditions(r *http.Request) (c conditions, err error) {
	match, anyMatch, err := readTags(r, "If-Match")
	if err != nil {
		return c, err
	}
	noneMatch, anyNoneMatch, err := readTags(r, "If-None-Match")
	if err != nil {
		return c, err
	}
	if match != nil && !anyMatch {
		c.ifMatch = versionsOf(match)
		c.weakMatch = slices.ContainsFunc(match, func(tag string) bool { return strings.HasPrefix(tag, "W/") })
	}
	if noneMatch != nil && !anyNoneMatch {
		for i, tag := range noneMatch {
			noneMatch[i] = strings.TrimPrefix(tag, "W/") // weak comparison
		}
		c.ifNoneMatch = versionsOf(noneMatch)
	}
	c.mustExist, c.mustNotExist = match != nil, anyNoneMatch
	return c, nil
}

// readTags returns the entity tags of a header, nil where it is absent; star is for *.
func readTags(r *http.Request, name string) (tags []string, star bool, err error) {
	if _, given := r.Header[name]; !given {
		return nil, false, nil
	}
	header := strings.Join(r.Header.Values(name), ",")
	switch strings.TrimSpace(header) {
	case "":
		return nil, false, badRequest(name + ": is empty")
	case "*":
		return []string{}, true, nil
	}
	tags, ok := entityTags(header)
	if !ok {
		return nil, false, badRequest(name + `: must be * or entity tags such as "3"`)
	}
	return tags, false, nil
}

// versionsOf returns the versions that entity tags name. A weak tag, or one that is no
// version, names none.
func versionsOf(tags []string) []int64 {
	versions := []int64{}
	for _, tag := range tags {
		version, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
		if err == nil && strconv.Quote(strconv.FormatInt(version, 10)) == tag {
			versions = append(versions, version)
		}
	}
	return versions
}

// refuseConditions is for operations that have no single state to compare with: to
// ignore a precondition could do what the client wants prevented.
func refuseConditions(r *http.Request) error {
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if _, given := r.Header[name]; given {
			return badRequest(name + ": this operation cannot honour a precondition, so nothing was done")
		}
	}
	return nil
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
		if strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
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
