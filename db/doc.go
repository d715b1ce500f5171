// Package db is the only door to PostgreSQL: the queries that sqlc compiled from
// sql/queries, the owner scope through which alone they run, errors by SQLSTATE, and
// the check of the schema at the start. Migrations are package migration's.
package db
