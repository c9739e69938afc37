package pollux_test

import (
	"os"
	"testing"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/internal/pollertest"
)

func TestMain(m *testing.M) {
	pollertest.Hold()
	bare.Prepare()
	os.Exit(m.Run())
}
