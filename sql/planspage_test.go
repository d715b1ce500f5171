package sql_test

import (
	"fmt"
	"strconv"
	"strings"
)

const plansIntroduction = "" +
	"# Plans\n\n" +
	"What each of the [queries](queries) does in a database of 10,000 users with 5 tasks each and one user with 50,000: " +
	"for one with 5, and for the one with 50,000. " +
	"`make explain` writes this page, and a test fails when PostgreSQL 15 does anything else. " +
	"Each query runs as the server runs it, prepared, as `todo_app` and in the scope of its user, and is rolled back. " +
	"Nobody filters, but where a row says that it is searching, which is what costs most: no index has what it looks for, so it looks at each task. A list is the first page for 5 tasks, and for 50,000 a page of 1,000 from the middle (`ListTasks` and a search have but the first); `SeedTasks` adds ten. " +
	"The tasks of a user lie apart in the table, as they do when all users add theirs in turn.\n\n" +
	"- **plan**: PostgreSQL runs a prepared statement with a generic plan, which knows no parameter, or with a custom one, which knows them all; both, where they do the same.\n" +
	"- **index**: each that is searched, those for foreign keys included.\n" +
	"- **buffers**: pages of 8 kB of tables and indexes that the query asks for, in the cache or not. " +
	"Foreign keys, and writes in a WITH, are included, which the sum at the top of a plan leaves out. From 10,000 on they are rounded.\n" +
	"- **at most**: what the query's comment states. A test fails above it, on every version.\n" +
	"- **read per row**: rows and entries of indexes read for each row that is returned or, where those are more, written.\n\n" +
	"| query | tasks | plan | index | buffers | at most | read per row |\n" +
	"|---|--:|---|---|--:|--:|--:|\n"

// plansPage is the table of all measurements and the plans below it.
func plansPage(all []measurement, claims map[string]claim) string {
	var table, plans strings.Builder
	query := ""
	for i := 0; i < len(all); i++ {
		m := all[i]
		mode := m.mode
		if next := i + 1; mode == "generic" && next < len(all) && row(m, "", 0) == row(all[next], "", 0) {
			mode = "both"
			i = next
		}
		table.WriteString(row(m, mode, claims[m.query].buffers(m)))
		if m.query != query {
			query = m.query
			fmt.Fprintf(&plans, "\n## %s\n", query)
		}
		title := grouped(m.tasks) + " tasks"
		if m.asked != "" {
			title += ", " + m.asked
		}
		if mode != "both" {
			title += ", " + mode + " plan"
		}
		fmt.Fprintf(&plans, "\n%s:\n\n```text\n%s```\n", title, m.plan)
	}
	return plansIntroduction + table.String() + plans.String()
}

func row(m measurement, mode string, bound int) string {
	var indexes []string
	for _, index := range m.indexes {
		name := "`" + index + "`"
		if strings.Contains(m.plan, "Index Scan Backward using "+index) {
			name += " backwards"
		}
		indexes = append(indexes, name)
	}
	for _, table := range m.scanned {
		indexes = append(indexes, "scan of `"+table+"`")
	}
	name := m.query
	if m.asked != "" {
		name += ", " + m.asked
	}
	index := strings.Join(indexes, ", ")
	if strings.Contains(m.plan, "Sort Key: ") {
		index += ", then sorts"
	}
	perRow := grouped(m.read / m.returned)
	if tenths := m.read * 10 / m.returned % 10; tenths > 0 {
		perRow += "." + strconv.Itoa(tenths)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", name, grouped(m.tasks), mode, index, grouped(rounded(m.buffers)), grouped(bound), perRow)
}

// grouped writes a number with a comma between thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
