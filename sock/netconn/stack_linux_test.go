//go:build !race

package netconn_test

import (
	"bytes"
	"net"
	"runtime"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// A goroutine that waits in a Read of a Conn has the smallest stack that there is, also after it
// has served a message. So has one in a Read of a net.Conn.
func TestWaitingStack(t *testing.T) {
	waitingStack(t, "[chan receive", func(c *netconn.Conn, ended func()) {
		go func() {
			echoOf(c)
			ended()
		}()
	})
}

// So has a task.
func TestWaitingStackOfTask(t *testing.T) {
	r, err := loop.NewReactor(&loop.Config{Loops: 2})
	socktest.Must(t, err)
	defer r.Close()
	waitingStack(t, "[coroutine", func(c *netconn.Conn, ended func()) {
		r.Next().Go(func(task *loop.Task) {
			echoOf(c.In(task))
			ended()
		})
	})
}

// waitingStack measures the stacks of what serve starts. state is what the trace of the stack says
// of one that waits.
func waitingStack(t *testing.T, state string, serve func(c *netconn.Conn, ended func())) {
	if !socktest.SmallStacks(t) {
		return
	}
	const conns = 300
	least := socktest.BareStacks(t)
	ln := listen(t, "tcp")
	ended := make(chan struct{}, conns)
	open := make([]net.Conn, 0, conns)
	defer func() {
		for _, c := range open {
			c.Close()
		}
		for range open {
			<-ended
		}
	}()
	each := socktest.Stacks(t, conns, func() {
		for range conns {
			c, err := net.Dial("tcp", ln.Addr().String())
			socktest.Must(t, err)
			served, err := ln.Accept()
			socktest.Must(t, err)
			open = append(open, c)
			serve(served.(*netconn.Conn), func() { ended <- struct{}{} })
			p := []byte{1}
			_, err = c.Write(p)
			socktest.Must(t, err)
			_, err = c.Read(p)
			socktest.Must(t, err)
		}
		awaitReads(t, state, conns)
	})
	if each > least+least/4 {
		t.Errorf("a waiting Read has %d bytes of stack, and a goroutine that waits on a channel %d", each, least)
	}
}

// echoOf echoes until the end of the stream.
func echoOf(c net.Conn) {
	defer c.Close()
	p := make([]byte, 64)
	for {
		n, err := c.Read(p)
		if err != nil {
			return
		}
		if _, err := c.Write(p[:n]); err != nil {
			return
		}
	}
}

// awaitReads returns when n goroutines in that state are in echoOf.
func awaitReads(t testing.TB, state string, n int) {
	all := make([]byte, 8<<20)
	socktest.Await(t, "goroutines that wait in Read", func() bool {
		waiting := 0
		for g := range bytes.SplitSeq(all[:runtime.Stack(all, true)], []byte("\n\n")) {
			if bytes.Contains(g, []byte(state)) && bytes.Contains(g, []byte(".echoOf(")) {
				waiting++
			}
		}
		return waiting == n
	})
}
