package main

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// keptErrors is how many errors of a worker the report shows.
const keptErrors = 3

// A worker drives the connections of one loop. All fields belong to that loop, unless the comment
// says otherwise.
type worker struct {
	o         *options
	loop      *loop.Loop
	conns     []connection // the driver's while it connects
	round     *round
	latencies *hdrhistogram.Histogram
	received  atomic.Int64 // bytes, since the start of driving
	failures  atomic.Int64
	errs      []error // the first of them
	turns     turns   // of datagrams
}

func newWorker(o *options, l *loop.Loop) *worker {
	return &worker{o: o, loop: l, latencies: newHistogram()}
}

// add makes a connection from a connected socket.
func (w *worker) add(s *sock.Socket, id int) error {
	base := member{w: w, s: s, id: id, resting: true}
	var c connection = &stream{member: base}
	if w.o.listen.datagram {
		c = &datagram{member: base}
	}
	if err := s.Watch(w.loop, c); err != nil {
		return err
	}
	w.conns = append(w.conns, c)
	return nil
}

func (w *worker) start(r *round) {
	w.round = r
	if r.phase == greeting && w.o.listen.datagram {
		w.loop.Every(lostAfter/4, w.expire)
	}
	if r.phase == driving {
		w.latencies.Reset()
		w.received.Store(0)
	}
	for _, c := range w.conns {
		c.begin(r.phase)
	}
}

func (w *worker) abandon() {
	for _, c := range w.conns {
		c.abandon()
	}
}

// expire looks for lost datagrams.
func (w *worker) expire() {
	now := time.Now()
	for _, c := range w.conns {
		c.(*datagram).expire(now)
	}
}

func (w *worker) hangUp() {
	for _, c := range w.conns {
		c.close()
	}
}

// record counts a message that came back.
func (w *worker) record(latency time.Duration) {
	w.latencies.RecordValue(int64(min(max(latency, 1), longestLatency)))
}

// A member is what the connections of both kinds have in common.
type member struct {
	w       *worker
	s       *sock.Socket
	id      int
	resting bool // in this phase
	over    bool // closed
}

// settle notes that the connection is at rest.
func (m *member) settle() {
	if !m.resting {
		m.resting = true
		m.w.round.settle()
	}
}

// close ends the connection. Only the first end counts.
func (m *member) close() {
	if !m.over {
		m.over = true
		m.s.Close()
		m.settle()
	}
}

// tell counts an error.
func (m *member) tell(err error) {
	m.w.failures.Add(1)
	if len(m.w.errs) < keptErrors {
		m.w.errs = append(m.w.errs, fmt.Errorf("connection %d: %w", m.id, err))
	}
}

// fail ends the connection with an error.
func (m *member) fail(err error) {
	if !m.over {
		m.tell(err)
		m.close()
	}
}

var errStalled = errors.New("the rest did not come back")

func (m *member) abandon() {
	if !m.resting {
		m.fail(errStalled)
	}
}

// Closed completes sock.Handler. It is called after a panic in this program, which counts as an
// error.
func (m *member) Closed(_ *sock.Socket, err error) { m.fail(err) }
