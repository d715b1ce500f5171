package http_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// overdue is how many of alice's tasks are.
func (a *api) overdue(query string) int {
	a.t.Helper()
	var got struct{ Tasks struct{ Overdue int } }
	if err := json.Unmarshal([]byte(a.do(alice, "GET", "/api/alice"+query, "").must(a.t, 200).body), &got); err != nil {
		a.t.Fatal(err)
	}
	return got.Tasks.Overdue
}

// TestAccountCountsADayAsOverdueWhenItHasEndedInTheZone asks in the zones where a day
// ends first and last, which are 26 hours apart.
func TestAccountCountsADayAsOverdueWhenItHasEndedInTheZone(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	last, _ := todohttp.ReadZone("Etc/GMT+12")
	set := func(due string) {
		t.Helper()
		a.do(alice, "PATCH", pathOf(made), `{"due_date":"`+due+`"}`).must(t, 200)
	}
	for settled := false; !settled; {
		today := todohttp.DayIn(last, time.Now())
		day := func(days int) string { return today.AddDate(0, 0, days).Format(time.DateOnly) }
		type counts struct {
			due               string
			first, utc, final int
		}
		var got []counts
		for _, days := range []int{-1, 0, 3} {
			set(day(days))
			got = append(got, counts{day(days), a.overdue("?tz=Pacific/Kiritimati"), a.overdue("?tz=UTC"), a.overdue("?tz=Etc/GMT%2B12")})
			if got[len(got)-1].utc != a.overdue("") {
				got[len(got)-1].utc = -1
			}
		}
		utc := todohttp.DayIn(time.UTC, time.Now())
		ended := 0
		if today.Before(utc) {
			ended = 1
		}
		if settled = today.Equal(todohttp.DayIn(last, time.Now())) && got[1].utc >= 0; !settled {
			continue // a day ended meanwhile
		}
		for i, want := range []counts{{day(-1), 1, 1, 1}, {day(0), 1, ended, 0}, {day(3), 0, 0, 0}} {
			if got[i] != want {
				t.Errorf("overdue %+v, want %+v", got[i], want)
			}
		}
	}
	set(time.Now().Add(-time.Minute).UTC().Format(time.RFC3339))
	for _, query := range []string{"", "?tz=Etc/GMT%2B12", "?tz=Pacific/Kiritimati"} {
		if n := a.overdue(query); n != 1 {
			t.Errorf("%s: %d overdue of an instant that has passed", query, n)
		}
	}
	set(time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	for _, query := range []string{"", "?tz=Etc/GMT%2B12", "?tz=Pacific/Kiritimati"} {
		if n := a.overdue(query); n != 0 {
			t.Errorf("%s: %d overdue of an instant to come", query, n)
		}
	}
	set("0001-01-01")
	if n := a.overdue("?tz=Pacific/Kiritimati"); n != 1 {
		t.Errorf("%d overdue of the first day", n)
	}
	set("9999-12-31")
	if n := a.overdue("?tz=Pacific/Kiritimati"); n != 0 {
		t.Errorf("%d overdue of the last day", n)
	}
	set(todohttp.DayIn(time.UTC, time.Now()).Format(time.DateOnly) + "T00:00:00Z")
	if n := a.overdue(""); n != 1 {
		t.Errorf("%d overdue of the instant at which today began", n)
	}
}

func TestAccountTakesTimeZonesByTheirIANANameAlone(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	a.post(`{"title":"a","due_date":"2026-12-01"}`)
	for _, zone := range []string{
		"UTC", "Europe/Berlin", "Europe/Kyiv", "Europe/Kiev", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "Asia/Calcutta", "Asia/Kathmandu", "US/Pacific",
		"Etc/GMT-14", "Etc/GMT%2B12", "EST5EDT", "GB-Eire", "Zulu", "America/Coyhaique",
	} {
		a.do(alice, "GET", "/api/alice?tz="+zone, "").must(t, 200)
		a.do(alice, "HEAD", "/api/alice?tz="+zone, "").must(t, 200)
	}
	for _, zone := range []string{
		"", "Local", "local", "localtime", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin", "zone.tab", "tzdata.zi", "Europe", "Europe/", "Europe//Berlin", "/Europe/Berlin",
		"Europe/Berlin/", "Europe/Berlin%00", "%00", "%ff", "../etc/passwd", "Europe/../../../etc/passwd", "..", "CEST", "PST", "PDT", "berlin", "europe/berlin", "%2B02:00", "UTC%2B2", "UTC-05:00",
		"GMT%2B2", "-5", "2", "<X>5", "CET-1CEST,M3.5.0,M10.5.0/3", "Europe%5CBerlin", "Europe/Berlin%20", "Europe/Berlin;", strings.Repeat("A", 5000), strings.Repeat("A/", 2000) + "A", "Mars/Olympus",
		"infinity", "now", "Europe/Berlin'--", "Europe/Berlin&tz=UTC",
	} {
		if p := a.do(alice, "GET", "/api/alice?tz="+zone, "").must(t, 400).problem(t); !strings.HasPrefix(p.Detail, "tz: ") && !strings.Contains(zone, ";") {
			t.Errorf("%.60s: %s", zone, p.Detail)
		}
	}
	for _, unknown := range []string{"TZ=UTC", "timezone=UTC", "limit=1"} {
		a.do(alice, "GET", "/api/alice?"+unknown, "").must(t, 400).problem(t)
	}
	for _, path := range []string{"/api/alice/export", tasksOf(alice), changesOf(alice)} {
		a.do(alice, "GET", path+"?tz=UTC", "").must(t, 400).problem(t)
	}
	a.do(alice, "DELETE", "/api/alice?tz=UTC", "").must(t, 400).problem(t)
	if len(a.list("")) != 1 {
		t.Error("a request that was refused erased the account")
	}
}

func TestTimeZonesEndADayWhenTheirClocksSaySo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, at, day string }{
		{"UTC", "2026-12-01T23:59:59Z", "2026-12-01"},
		{"UTC", "2026-12-02T00:00:00Z", "2026-12-02"},
		// 23 hours, and 25.
		{"Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29"},
		{"Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29"},
		{"Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"},
		{"Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25"},
		{"Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-26"},
		// Without a midnight: the day begins at one o'clock.
		{"Africa/Cairo", "2026-04-23T21:59:59Z", "2026-04-23"},
		{"Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-24"},
		// An hour before midnight that comes twice.
		{"Africa/Cairo", "2026-10-29T21:00:00Z", "2026-10-29"},
		{"Africa/Cairo", "2026-10-29T21:59:59Z", "2026-10-29"},
		{"Africa/Cairo", "2026-10-29T22:00:00Z", "2026-10-30"},
		// A day that was left out.
		{"Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"},
		{"Asia/Kathmandu", "2026-12-01T18:15:00Z", "2026-12-02"},
		{"Pacific/Kiritimati", "2026-12-01T10:00:00Z", "2026-12-02"},
		{"Etc/GMT+12", "2026-12-02T11:59:59Z", "2026-12-01"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		zone, ok := todohttp.ReadZone(c.zone)
		if !ok {
			t.Fatal(c.zone)
		}
		if got := todohttp.DayIn(zone, at); got.Format(time.RFC3339) != c.day+"T00:00:00Z" {
			t.Errorf("%s in %s is %s, want %s", c.at, c.zone, got, c.day)
		}
	}
}
