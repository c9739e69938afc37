package socktest

import (
	"errors"
	"net"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// Closed calls each function with a closed socket. The function must return net.ErrClosed in an
// error that names the operation.
func Closed(t *testing.T, calls map[string]func(*sock.Socket) error) {
	t.Helper()
	Check(t)
	for name, call := range calls {
		s := UDP.New(t)
		Must(t, s.Close())
		err := call(s)
		var op *net.OpError
		if !errors.Is(err, net.ErrClosed) || !errors.As(err, &op) || op.Op == "" || op.Op == "raw-control" {
			t.Errorf("%s of a closed socket: %v, want net.ErrClosed of an operation", name, err)
		}
	}
}
