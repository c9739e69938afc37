//go:build !unix

package socktest

import (
	"testing"

	"github.com/polluxio/pollux/sock"
)

// AwaitReadable waits until receiving or accepting is worth an attempt.
func AwaitReadable(t testing.TB, s *sock.Socket) { awaitReady(t) }

// AwaitWritable is AwaitReadable for sending and connecting.
func AwaitWritable(t testing.TB, s *sock.Socket) { awaitReady(t) }

func awaitReady(t testing.TB) {
	t.Helper()
	t.Skip("no poll(2): bind WSAPoll here")
}
