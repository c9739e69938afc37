package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// patience is how long anything may take before it counts as hanging.
const patience = 60 * time.Second

func TestMain(m *testing.M) { socktest.Main(m) }

// background is a context that ends when the test has hung.
func background(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("the test hangs"))
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// listen listens at a free port of the loopback interface until the test is over.
func listen(t testing.TB) *netconn.Listener {
	t.Helper()
	ln, err := netconn.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { ln.Close() })
	return ln
}

// transport is an HTTP client's, whose connections are of package netconn.
func transport(t testing.TB) *http.Transport {
	tr := http.DefaultTransport.(*http.Transport).Clone()
	tr.Proxy = nil
	tr.DialContext = new(netconn.Dialer).DialContext
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// dial is for libraries that want a function without a context.
func dial(address string) (net.Conn, error) { return netconn.Dial("tcp", address) }

// installed returns where a program is, or skips the test.
func installed(t testing.TB, program, debian string, elsewhere ...string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	for _, pattern := range elsewhere {
		if found, _ := filepath.Glob(filepath.Join(pattern, program)); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	t.Skipf("%s is not installed: it is in Debian's package %s", program, debian)
	return ""
}

// start runs a program until the test is over, and shows what it printed if the test failed.
func start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "output")
	must(t, err)
	cmd.Stdout, cmd.Stderr = out, out
	must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		killer := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		killer.Stop()
		if t.Failed() {
			text, _ := os.ReadFile(out.Name())
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), text)
		}
		out.Close()
	})
}

// await calls try until it succeeds.
func await(t testing.TB, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond) // between two tries, not in place of one
	}
}

// each runs fn for many at once, and returns the first error.
func each(n int, fn func(i int) error) error {
	errs := make(chan error, n)
	for i := range n {
		go func() {
			err := fn(i)
			if err != nil {
				err = fmt.Errorf("%d: %w", i, err)
			}
			errs <- err
		}()
	}
	var first error
	for range n {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}
