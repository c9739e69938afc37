package pollux_test

import (
	"os"
	"testing"

	"github.com/polluxio/pollux/internal/bare"
)

func TestMain(m *testing.M) {
	bare.Prepare()
	os.Exit(m.Run())
}
