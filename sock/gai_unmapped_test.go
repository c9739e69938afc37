//go:build netbsd || openbsd

package sock_test

import (
	"runtime"
	"testing"
)

// v4MappedFlags skips the test: this system has neither AI_V4MAPPED nor AI_ALL.
func v4MappedFlags(t *testing.T) (v4Mapped, all int) {
	t.Skipf("%s has no AI_V4MAPPED, and never will", runtime.GOOS)
	return 0, 0
}
