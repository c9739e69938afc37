package socktest

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/internal/pollers"
)

// smallStacks is a setting of Go's runtime. Without it, goroutines begin with a larger stack where
// those of the process are large on average, as they may be after other tests.
const smallStacks = "adaptivestackstart=0"

// SmallStacks reports whether each goroutine of this process begins with the smallest stack. If
// not, it runs the calling test in a process in which that is so.
func SmallStacks(t *testing.T) bool {
	t.Helper()
	if pollers.FromEnv() != nil {
		t.Skip("the pollers for tests take more stack: only the system's own poller is measured")
	}
	settings := os.Getenv("GODEBUG")
	if strings.HasSuffix(settings, smallStacks) {
		return true
	}
	cmd := bare.Program(t, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(cmd.Environ(), "GODEBUG="+strings.TrimPrefix(settings+","+smallStacks, ","))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v:\n%s", err, out)
	}
	return false
}

// Stacks returns how many bytes of stack each of n goroutines or coroutines has that start makes.
// start returns when all of them wait. A goroutine begins with 2 KiB on most systems (8 KiB on
// Windows), and its stack doubles when it has no room for a function. It rarely becomes smaller.
func Stacks(t testing.TB, n int, start func()) int {
	t.Helper()
	before := stackBytes()
	start()
	each := (stackBytes() - before) / n
	t.Logf("%d bytes of stack each", each)
	return each
}

// stackBytes returns the bytes that the process has in stacks, without those of ended goroutines.
func stackBytes() int {
	runtime.GC()
	runtime.GC() // the first one frees stacks, and the second one their memory
	s := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return int(s[0].Value.Uint64())
}

// BareStacks returns the size of the stack of a goroutine that waits on a channel and has done
// nothing else: the smallest that there is.
func BareStacks(t testing.TB) int {
	t.Helper()
	const n = 1000
	end, started, ended := make(chan struct{}), make(chan struct{}, n), make(chan struct{}, n)
	each := Stacks(t, n, func() {
		for range n {
			go func() {
				started <- struct{}{}
				<-end
				ended <- struct{}{}
			}()
		}
		for range n {
			<-started
		}
	})
	close(end)
	for range n {
		<-ended
	}
	return each
}
