package protocol_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// A server that accepts and then says nothing: a dial whose connection has a Stream ends with its
// context, by Cancel and by Close of the client, as it does before the connection. Then nothing is
// left, and the protocol gets no call.
func TestDialEndsInHandshake(t *testing.T) {
	gone := errors.New("the caller has gone")
	for _, tt := range []struct {
		name string
		end  func(c *protocol.Client, f loop.Future[*protocol.Transport], cancel context.CancelCauseFunc)
		want error
	}{
		{"context", func(_ *protocol.Client, _ loop.Future[*protocol.Transport], cancel context.CancelCauseFunc) {
			cancel(gone)
		}, gone},
		{"Cancel", func(_ *protocol.Client, f loop.Future[*protocol.Transport], _ context.CancelCauseFunc) { f.Cancel() }, context.Canceled},
		{"Close", func(c *protocol.Client, _ loop.Future[*protocol.Transport], _ context.CancelCauseFunc) { c.Close() }, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			socktest.Must(t, err)
			defer ln.Close()
			c := client(t, &protocol.Config{Loops: 1, Secure: secureClient(tlsconn.Standard)})
			p := newScript()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			f := c.Dial(ctx, "127.0.0.1", ln.Addr().(*net.TCPAddr).Port, p)
			peer, err := ln.Accept()
			socktest.Must(t, err)
			defer peer.Close()
			peer.SetDeadline(time.Now().Add(socktest.Patience))
			if _, err := peer.Read(make([]byte, 1)); err != nil { // of the handshake
				t.Fatal(err)
			}
			tt.end(c, f, cancel)
			done := make(chan error, 1)
			go func() {
				_, err := f.Wait(context.Background())
				done <- err
			}()
			if err := next(t, "the end of the dial", done); !errors.Is(err, tt.want) {
				t.Errorf("the dial ended with %v, want %v", err, tt.want)
			}
			socktest.Await(t, "the end of the connection", func() bool { return c.Stats().Connections == 0 })
			if len(p.conn)+len(p.lost) > 0 {
				t.Error("the protocol was called")
			}
		})
	}
}
