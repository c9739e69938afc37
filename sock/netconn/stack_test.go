//go:build !race

package netconn_test

import (
	"bytes"
	"net"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// A goroutine that waits in a Read of a Conn has as small a stack as one of package net. A stack
// begins with 2 KiB, of which the runtime lets 1,120 bytes be used, and doubles.
func TestWaitingStack(t *testing.T) {
	const conns = 500
	netListen := func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
	ours := func() (net.Listener, error) { return netconn.Listen("tcp", "127.0.0.1:0") }
	runtime.GC() // frees the stacks of goroutines that have ended
	before := stacks()
	waitingReads(t, conns, netListen, "[IO wait")
	between := stacks()
	waitingReads(t, conns, ours, "loop.(*FD).wait(")
	after := stacks()
	theirs, own := between-before, after-between
	t.Logf("stacks of %d waiting reads: net %d B, netconn %d B", conns, theirs, own)
	if own > theirs+theirs/5 {
		t.Errorf("a Conn's waiting read has %d B of stack, and that of net %d B", own/conns, theirs/conns)
	}
}

// stacks returns the bytes that the process has in stacks.
func stacks() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// waitingReads makes connections to a goroutine each, which echoes one byte and then waits in Read.
// It returns when all of them wait: their stacks then have the text waits.
func waitingReads(t *testing.T, conns int, listen func() (net.Listener, error), waits string) {
	ln, err := listen()
	socktest.Must(t, err)
	t.Cleanup(func() { ln.Close() })
	ended := make(chan struct{}, conns)
	var open []net.Conn
	t.Cleanup(func() {
		for _, c := range open {
			c.Close()
		}
		for range open {
			<-ended
		}
	})
	for range conns {
		c, err := net.Dial("tcp", ln.Addr().String())
		socktest.Must(t, err)
		served, err := ln.Accept()
		socktest.Must(t, err)
		open = append(open, c)
		go func() {
			defer func() { ended <- struct{}{} }()
			echoOf(served)
		}()
		p := []byte{1}
		_, err = c.Write(p)
		socktest.Must(t, err)
		_, err = c.Read(p)
		socktest.Must(t, err)
	}
	all := make([]byte, 4<<20)
	for end := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		if n := bytes.Count(all[:runtime.Stack(all, true)], []byte(waits)); n >= conns {
			return
		} else if time.Now().After(end) {
			t.Fatalf("%d of %d reads wait", n, conns)
		}
	}
}

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
