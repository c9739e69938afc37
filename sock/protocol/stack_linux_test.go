//go:build !race

package protocol_test

import (
	"net"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// An idle task of Server.Go has the smallest stack that there is, also after it has served a
// message, and with an idle timeout.
func TestTaskStack(t *testing.T) {
	if !socktest.SmallStacks(t) {
		return
	}
	const conns = 1000
	least := socktest.BareStacks(t)
	for _, idle := range []time.Duration{0, time.Hour} {
		t.Run("IdleTimeout="+idle.String(), func(t *testing.T) {
			r, err := loop.NewReactor(&loop.Config{Loops: 2})
			socktest.Must(t, err)
			defer r.Close()
			s, err := protocol.NewServer(&protocol.Config{Reactor: r, IdleTimeout: idle})
			socktest.Must(t, err)
			defer s.Close()
			buffers := sock.NewBuffers(4096)
			s.Go(func(_ *loop.Task, c *sock.Socket) {
				for {
					p, err := c.RecvBuffer(buffers, 0)
					if p == nil || err != nil {
						return
					}
					_, err = c.Sendall(p, 0)
					buffers.Put(p)
					if err != nil {
						return
					}
				}
			})
			at, err := s.Listen(sock.Inet("127.0.0.1", 0))
			socktest.Must(t, err)
			var open []net.Conn
			defer func() {
				for _, c := range open {
					c.Close()
				}
			}()
			each := socktest.Stacks(t, conns, func() {
				for range conns {
					c, err := net.Dial("tcp", at.String())
					socktest.Must(t, err)
					open = append(open, c)
					p := []byte{1}
					_, err = c.Write(p)
					socktest.Must(t, err)
					_, err = c.Read(p)
					socktest.Must(t, err)
				}
				for _, l := range r.Loops() { // a task goes on to its next wait before its loop does anything else
					done := make(chan struct{})
					socktest.Must(t, l.Post(func() { close(done) }))
					<-done
				}
			})
			if each > least+least/4 {
				t.Errorf("an idle task has %d bytes of stack, and a goroutine that waits on a channel %d", each, least)
			}
		})
	}
}
