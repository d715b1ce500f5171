package db_test

import (
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }
