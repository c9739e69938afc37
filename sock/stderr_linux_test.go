package sock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// captureStderr redirects standard error, to which the default reactor's log goes, to a file until
// the end of the test. The result returns the text so far.
func captureStderr(t *testing.T) (said func() string) {
	t.Helper()
	path := filepath.Join(socktest.Dir(t), "stderr")
	f, err := os.Create(path)
	socktest.Must(t, err)
	defer f.Close()
	before, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 0)
	socktest.Must(t, err)
	socktest.Must(t, unix.Dup3(int(f.Fd()), 2, 0))
	t.Cleanup(func() {
		unix.Dup3(before, 2, 0)
		unix.Close(before)
	})
	return func() string {
		text, err := os.ReadFile(path)
		socktest.Must(t, err)
		return string(text)
	}
}
