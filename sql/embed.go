// Package sql holds the migrations that golang-migrate runs.
package sql

import "embed"

// Migrations are the files under migrations/, named as golang-migrate names them:
// 000001_verb_object.up.sql and .down.sql.
//
//go:embed migrations/*.sql
var Migrations embed.FS
