package db

import "slices"

// OwnedTable is a table whose rows belong to users.
type OwnedTable struct {
	Table string
	// OwnerColumn holds the id of the user whom a row belongs to.
	OwnerColumn string
}

var ownedTables = []OwnedTable{
	{Table: "users", OwnerColumn: "id"},
	{Table: "tasks", OwnerColumn: "user_id"},
	{Table: "deleted_tasks", OwnerColumn: "user_id"},
}

// OwnedTables returns every table of users' rows, those that others reference first.
func OwnedTables() []OwnedTable { return slices.Clone(ownedTables) }

func ownedTableNames() []string {
	names := make([]string, len(ownedTables))
	for i, owned := range ownedTables {
		names[i] = owned.Table
	}
	return names
}
