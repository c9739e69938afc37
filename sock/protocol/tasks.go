package protocol

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// Go makes a task serve each connection, in straight-line code, instead of a Protocol. The calls of
// the socket c suspend the task t. When fn returns, the socket is closed, after the end of the
// peer's stream or Config.Linger. Call Go before Listen. Of Config, IdleTimeout is the timeout of
// each wait, and Linger and the options about accepting apply. The flow control is the task itself:
// while it waits, it reads nothing.
//
// A task that waits for bytes needs no buffer: c.RecvBuffer lends one when bytes are there. At
// Shutdown one wait of the task ends with context.Canceled. fn then finishes its present request
// and returns.
func (s *Server) Go(fn func(t *loop.Task, c *sock.Socket)) { s.serve = fn }

// A served is a connection that a task serves.
type served struct {
	server     *Server
	home       *home
	socket     *sock.Socket
	began      atomic.Bool
	task       *loop.Task // tasks.mu
	prev, next *served    // tasks.mu; in tasks.live
}

// tasks are the connections that tasks serve.
type tasks struct {
	mu    sync.Mutex
	live  *served     // mu; the first of a list
	n     int         // mu; the length of the list
	state serverState // mu
}

// add counts a task. The task itself calls it.
func (ts *tasks) add(x *served, t *loop.Task) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	x.task, x.next = t, ts.live
	if x.next != nil {
		x.next.prev = x
	}
	ts.live = x
	ts.n++
	switch ts.state {
	case draining:
		t.Cancel()
	case closed:
		x.socket.Close()
	}
}

func (ts *tasks) remove(x *served) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if x.next != nil {
		x.next.prev = x.prev
	}
	if x.prev != nil {
		x.prev.next = x.next
	} else {
		ts.live = x.next
	}
	x.prev, x.next = nil, nil
	ts.n--
}

// cancel ends the wait of each task, once.
func (ts *tasks) cancel() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.state = draining
	for x := ts.live; x != nil; x = x.next {
		x.task.Cancel()
	}
}

// cut closes the sockets of all tasks, and returns their number.
func (ts *tasks) cut() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.state = closed
	for x := ts.live; x != nil; x = x.next {
		x.socket.Close()
		x.task.Cancel()
	}
	return ts.n
}

// startTask serves a connection by a task.
//
// Error: net.ErrClosed if the loop has ended.
func (s *Server) startTask(h *home, c *sock.Socket) error {
	if d := s.cfg.IdleTimeout; d > 0 {
		c.SetTimeout(d)
	}
	x := &served{server: s, home: h, socket: c}
	h.conns.Add(1)
	t := h.loop.Go(func(t *loop.Task) { // this function is on the stack of the task as long as it waits: it needs little
		defer x.end()
		x.server.serve(t, x.begin(t))
		x.linger(t)
	})
	if t.Done().Settled() && !x.began.Load() {
		h.conns.Add(-1)
		return errClosed
	}
	return nil
}

// begin returns the socket for the task.
//
//go:noinline
func (x *served) begin(t *loop.Task) *sock.Socket {
	x.began.Store(true)
	x.server.tasks.add(x, t)
	return x.socket.In(t)
}

// dropped are the buffers for what the peer of a lingering connection still sends.
var dropped = sock.NewBuffers(16 << 10)

// linger sends the end of the stream and drops what the peer still sends, until the peer's end and
// for Config.Linger at most. Otherwise the system would reset the connection if the task has left
// something unread, and the peer would lose bytes that it has not read.
func (x *served) linger(t *loop.Task) {
	c, limit := x.socket.In(t), x.server.cfg.Linger
	if limit < 0 || c.Type() != sock.SOCK_STREAM || c.SetTimeout(0) != nil {
		return
	}
	p, err := c.RecvBuffer(dropped, 0) // mostly the peer's end is there already
	dropped.Put(p)
	if p == nil && err == nil || err != nil && err != sock.ErrWouldBlock || c.Shutdown(sock.SHUT_WR) != nil {
		return
	}
	c.SetTimeout(sock.Forever)
	t.Within(limit, func() error {
		for {
			p, err := c.RecvBuffer(dropped, 0)
			dropped.Put(p)
			if p == nil && !errors.Is(err, context.Canceled) { // Shutdown cancels a wait
				return err
			}
		}
	})
}

// end ends a connection whose task has returned.
func (x *served) end() {
	x.socket.Close()
	x.server.tasks.remove(x)
	x.home.conns.Add(-1)
	x.server.finished()
}
