//go:build linux

package families_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"golang.org/x/sys/unix"
)

// The frame of all tests here: what a kernel lacks is a skip with its reason, or a failure in the
// machine that has everything.

// strict says that everything has to be there: internal/rigs/run sets it.
var strict = os.Getenv("FAMILIES_STRICT") != ""

// TestMain fails if the tests, all together, have left anything on a loop. What is of one test
// alone is for socktest.Check.
func TestMain(m *testing.M) {
	status := m.Run()
	if held := held(); status == 0 && held != "" {
		fmt.Println("FAIL: left behind:", held)
		status = 1
	}
	os.Exit(status)
}

// held is what the loops of the default reactor still have, once it has been given time to let go.
func held() string {
	r, err := loop.Default()
	if err != nil {
		return ""
	}
	var found string
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		found = ""
		for i, l := range r.Loops() {
			if s := l.Stats(); s.Descriptors > 0 || s.Timers > 0 || s.Tasks > 0 {
				found += fmt.Sprintf("loop %d: %d descriptors, %d timers, %d tasks; ", i, s.Descriptors, s.Timers, s.Tasks)
			}
		}
		if found == "" {
			break
		}
	}
	return found
}

// need is a socket that is closed with the test. If this kernel has no such sockets, or this
// process may not make them, the test is skipped, or fails where it must not be.
func need(t testing.TB, family sock.Family, typ sock.Type, proto sock.Protocol) *sock.Socket {
	t.Helper()
	s, err := sock.New(family, typ, proto)
	if err != nil {
		what := fmt.Sprintf("socket(%d, %d, %d)", family, typ, proto)
		if proto == sock.IPPROTO_UDPLITE && (family == sock.AF_INET || family == sock.AF_INET6) {
			lacksFrom(t, 7, what, err)
		}
		lacks(t, what, err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// lacks ends the test because of err: as a skip if it says that this kernel has no such thing, or
// that this process may not have it, and that may be so here. what is what was asked for. A nil err
// does nothing.
func lacks(t testing.TB, what string, err error) {
	t.Helper()
	switch {
	case err == nil:
		return
	case !missing(err) || strict:
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("%s: %v: run internal/rigs/run to have it", what, err)
}

// lacksFrom is lacks for what Linux has dropped in the version major: from there on it may be
// missing everywhere.
func lacksFrom(t testing.TB, major int, what string, err error) {
	t.Helper()
	if err != nil && missing(err) && kernel(t) >= major {
		t.Skipf("%s: %v: Linux has it no longer from %d on: run it on an older one", what, err, major)
	}
	lacks(t, what, err)
}

// missing says whether err is that of a family, protocol, kind of link or algorithm that the kernel
// lacks, or that is not for this user.
func missing(err error) bool {
	for _, errno := range []error{
		errors.ErrUnsupported, // ENOSYS, EOPNOTSUPP, ENOTSUP; and what sock wraps in it
		unix.EAFNOSUPPORT, unix.EPROTONOSUPPORT, unix.ESOCKTNOSUPPORT,
		unix.ENOPROTOOPT,        // an option of a protocol that is not built in
		unix.ENOENT,             // bind of AF_ALG: the algorithm
		unix.ENODEV,             // a device without its driver
		unix.EADDRNOTAVAIL,      // an address that comes with a module, as VMADDR_CID_LOCAL
		unix.EPERM, unix.EACCES, // not root
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// kernel is the major version of Linux that runs.
func kernel(t testing.TB) int {
	t.Helper()
	var u unix.Utsname
	must(t, unix.Uname(&u))
	var major int
	_, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.", &major)
	must(t, err)
	return major
}

// must ends the test if err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
