package protocol

import (
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// Go makes a task serve each connection, in straight-line code, instead of a Protocol. The calls of
// the socket c suspend the task t. When fn returns, the socket is closed. Call Go before Listen. Of
// Config, IdleTimeout is the timeout of each wait, and the options about accepting apply. The flow
// control is the task itself: while it waits, it reads nothing.
//
// A task that waits for bytes needs no buffer: c.RecvBuffer lends one when bytes are there. At
// Shutdown one wait of the task ends with context.Canceled. fn then finishes its present request
// and returns.
func (s *Server) Go(fn func(t *loop.Task, c *sock.Socket)) { s.serve = fn }

// tasks are those that serve connections.
type tasks struct {
	mu    sync.Mutex
	live  map[*loop.Task]*sock.Socket // mu
	state serverState                 // mu
}

func (ts *tasks) init() { ts.live = make(map[*loop.Task]*sock.Socket) }

// add counts a task. The task itself calls it.
func (ts *tasks) add(t *loop.Task, c *sock.Socket) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.live[t] = c
	switch ts.state {
	case draining:
		t.Cancel()
	case closed:
		c.Close()
	}
}

func (ts *tasks) remove(t *loop.Task) {
	ts.mu.Lock()
	delete(ts.live, t)
	ts.mu.Unlock()
}

// cancel ends the wait of each task, once.
func (ts *tasks) cancel() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.state = draining
	for t := range ts.live {
		t.Cancel()
	}
}

// cut closes the sockets of all tasks, and returns their number.
func (ts *tasks) cut() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.state = closed
	for t, c := range ts.live {
		c.Close()
		t.Cancel()
	}
	return len(ts.live)
}

// startTask serves a connection by a task.
//
// Error: net.ErrClosed if the loop has ended.
func (s *Server) startTask(h *home, c *sock.Socket) error {
	if d := s.cfg.IdleTimeout; d > 0 {
		c.SetTimeout(d)
	}
	var ran atomic.Bool
	h.conns.Add(1)
	t := h.loop.Go(func(t *loop.Task) {
		ran.Store(true)
		s.tasks.add(t, c)
		defer s.endTask(h, t, c)
		s.serve(t, c.In(t))
	})
	if t.Done().Settled() && !ran.Load() {
		h.conns.Add(-1)
		return errClosed
	}
	return nil
}

// endTask ends a connection whose task has returned.
func (s *Server) endTask(h *home, t *loop.Task, c *sock.Socket) {
	c.Close()
	s.tasks.remove(t)
	h.conns.Add(-1)
	s.finished()
}
