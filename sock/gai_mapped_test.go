//go:build !netbsd && !openbsd

package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
)

// v4MappedFlags returns AI_V4MAPPED and AI_ALL.
func v4MappedFlags(*testing.T) (v4Mapped, all int) { return sock.AI_V4MAPPED, sock.AI_ALL }
