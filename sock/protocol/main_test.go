package protocol_test

import (
	"testing"

	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) { socktest.Main(m) }
