package main

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// families are what names of this server's variables begin with, and no other program's by
// chance.
var families = []string{"JWT_", "JWKS_", "HS256_", "CORS_", "DATABASE_URL_", "BETTER_AUTH_SECRET_", "TRUSTED_PROX", "TOKEN_CACHE_"}

// otherNames are what other programs call what this server has a variable for.
var otherNames = map[string]string{
	"DATABASE_DIRECT_URL": "DATABASE_URL_UNPOOLED", "DIRECT_DATABASE_URL": "DATABASE_URL_UNPOOLED", "DIRECT_URL": "DATABASE_URL_UNPOOLED",
	"JWT_SECRET": secretVariable, "JWT_SECRET_KEY": secretVariable, "HS256_SECRET": secretVariable,
	"JWT_JWKS_URL": "JWKS_URL", "JWT_JWKS_URI": "JWKS_URL", "JWKS_ENDPOINT": "JWKS_URL",
	"JWT_ISS": "JWT_ISSUER", "JWT_AUD": "JWT_AUDIENCE",
	"ALLOWED_ORIGINS": "CORS_ORIGINS", "CORS_ALLOWED_ORIGINS": "CORS_ORIGINS", "CORS_ALLOW_ORIGIN": "CORS_ORIGINS",
	"ADMIN_ADDRESS": "ADMIN_ADDR", "LOGLEVEL": "LOG_LEVEL",
}

// alien are the names that mean something to somebody else: those that OpenTelemetry, pgx
// and Go read themselves, and the links that Kubernetes and Docker make for each service.
var alien = regexp.MustCompile(`^(OTEL_|PG|GO|GIT|KUBERNETES_|npm_)|_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP|SCTP).*)?)$`)

// minTypo is the length from which a name with two letters wrong is taken for a typo; a
// shorter one may be anything.
const minTypo = 8

// lookAlikes returns a line for each variable that is none of this server's and whose name
// looks as if it should be. None is said where ours is set, too: whoever does so knows its
// name. Values are not looked at.
func lookAlikes(environment []string) []string {
	ours := variables()
	set := map[string]bool{}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		set[name] = value != ""
	}
	var lines []string
	for name := range set {
		if !set[name] || slices.Contains(ours, name) || alien.MatchString(name) {
			continue
		}
		meant, family := meantBy(name, ours)
		switch {
		case meant != "" && !set[meant]:
			lines = append(lines, fmt.Sprintf("%s is not read: is it meant to be %s?", name, meant))
		case meant == "" && family != nil:
			lines = append(lines, fmt.Sprintf("%s is not read: the variables that begin like it are %s", name, strings.Join(family, ", ")))
		}
	}
	slices.Sort(lines)
	return lines
}

// variables are the names of all variables that the commands read.
func variables() []string {
	names := []string{"PG_BIN", "POSTGRES_MIRROR_URL"}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config]()) {
		names = append(names, field.Tag.Get("env"))
	}
	return names
}

// meantBy returns the variable that a name looks like, else those of its family.
func meantBy(name string, ours []string) (meant string, family []string) {
	upper := strings.ReplaceAll(strings.ToUpper(name), "-", "_")
	if other := otherNames[upper]; other != "" {
		return other, nil
	}
	// A file with the value, as images of databases read it, is none.
	if base, ok := strings.CutSuffix(upper, "_FILE"); ok && slices.Contains(ours, base) {
		return base, nil
	}
	least := 3
	for _, our := range ours {
		if strings.ReplaceAll(upper, "_", "") == strings.ReplaceAll(our, "_", "") {
			return our, nil
		}
		if d := distance(upper, our); d < least && min(len(upper), len(our)) >= minTypo {
			meant, least = our, d
		}
	}
	if meant != "" {
		return meant, nil
	}
	for _, prefix := range families {
		if strings.HasPrefix(upper, prefix) {
			for _, our := range ours {
				if strings.HasPrefix(our, strings.TrimSuffix(prefix, "_")) {
					family = append(family, our)
				}
			}
			return "", family
		}
	}
	return "", nil
}

// distance is how many letters have to be added, removed, replaced or exchanged with
// their neighbour to make a name of another (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			changed := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				changed++
			}
			rows[i][j] = min(changed, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
