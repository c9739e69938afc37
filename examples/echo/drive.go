package main

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

const (
	connectPatience = time.Minute     // for all connections together
	stallPatience   = 5 * time.Second // the longest time without any answer, although answers are due
)

// A phase is a common activity of all connections. It ends when each connection is at rest.
type phase int

const (
	greeting  phase = iota // one message there and back
	driving                // as many as the time allows
	finishing              // the messages in flight come back
	parting                // our end of the stream, then the server's
)

// A connection is one of many. Its methods run on its worker's loop.
type connection interface {
	sock.Handler
	begin(p phase)
	abandon() // it will not come to rest otherwise
	close()
}

// A round is a running phase.
type round struct {
	phase phase
	busy  atomic.Int64  // connections that are not at rest yet
	rest  chan struct{} // closed when all are at rest
}

func (r *round) settle() {
	if r.busy.Add(-1) == 0 {
		close(r.rest)
	}
}

// A driver drives a server with several workers.
type driver struct {
	o       *options
	workers []*worker
}

// A target is a server to drive.
type target interface {
	endpoint() endpoint
	memory() int64 // bytes; 0: unknown
}

// drive connects to the server and goes through all phases; the end of ctx shortens the first two.
// The result holds the errors of connections. drive itself returns an error only if it has no
// result.
func drive(ctx context.Context, o *options, server target, p *progress) (*result, error) {
	// The server needs processors too.
	reactor, err := loop.NewReactor(&loop.Config{Loops: max(1, runtime.GOMAXPROCS(0)/2)})
	if err != nil {
		return nil, err
	}
	defer reactor.Close()
	d := &driver{o: o}
	for _, l := range reactor.Loops() {
		d.workers = append(d.workers, newWorker(o, l))
	}
	if o.listen.datagram {
		if err := d.shareRoom(); err != nil {
			return nil, err
		}
	}
	defer d.hangUp()
	before := server.memory()
	if err := d.connect(ctx, server.endpoint(), p); err != nil {
		return nil, err
	}
	p.state("the first message on each connection")
	d.run(greeting)
	var memory int64
	if before > 0 && !o.listen.datagram {
		memory = server.memory() - before
	}

	start := time.Now()
	d.watch(ctx, d.start(driving), start, p)
	d.run(finishing)
	length := time.Since(start)
	d.run(parting)

	res := d.result(length)
	res.at, res.memory = server.endpoint(), memory
	return res, nil
}

// shareRoom gives each worker its share of the room for datagrams.
func (d *driver) shareRoom() error {
	room, err := roomFor(d.o.size)
	for _, w := range d.workers {
		w.turns.room = max(1, room/len(d.workers))
	}
	return err
}

// connect makes the connections, one after the other, and gives them to the workers in turn. It
// makes fewer if ctx ends.
func (d *driver) connect(ctx context.Context, to endpoint, p *progress) error {
	typ := sock.SOCK_STREAM
	if to.datagram {
		typ = sock.SOCK_DGRAM
	}
	limited, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	for id := 0; id < d.o.conns && ctx.Err() == nil; id++ {
		s, err := sock.New(sock.Family(families.Host.FamilyOf(to.addr)), typ, 0)
		if err != nil {
			return err
		}
		w := d.workers[id%len(d.workers)]
		if err = s.Join(w.loop); err == nil { // so that it waits on the loop that will watch it
			err = s.With(limited).Connect(to.addr)
		}
		if err == nil {
			err = w.add(s, id)
		}
		if err != nil {
			s.Close()
			if ctx.Err() != nil {
				break
			}
			return fmt.Errorf("connection %d of %d: %w", id+1, d.o.conns, err)
		}
		p.connected(id+1, d.o.conns)
	}
	return nil
}

// start begins a phase.
func (d *driver) start(ph phase) *round {
	r := &round{phase: ph, rest: make(chan struct{})}
	r.busy.Store(1)
	for _, w := range d.workers {
		r.busy.Add(int64(len(w.conns)))
		w.loop.Post(func() { w.start(r) })
	}
	r.settle() // ends the count that kept the round from ending before all connections had begun
	return r
}

// run begins a phase and waits until all connections are at rest. If no answers come any more, it
// abandons them.
func (d *driver) run(ph phase) {
	r := d.start(ph)
	for {
		before := d.received()
		select {
		case <-r.rest:
			return
		case <-time.After(stallPatience):
		}
		if d.received() == before {
			for _, w := range d.workers {
				w.loop.Post(w.abandon)
			}
			<-r.rest
			return
		}
	}
}

// hangUp closes the connections that are still open.
func (d *driver) hangUp() {
	for _, w := range d.workers {
		w.loop.Post(w.hangUp)
	}
}

// watch shows the progress until the time is over, ctx ends, or no connection is left.
func (d *driver) watch(ctx context.Context, r *round, start time.Time, p *progress) {
	end := time.NewTimer(d.o.length)
	defer end.Stop()
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.show(time.Since(start), d.received()/int64(d.o.size), d.failures())
		case <-end.C:
			return
		case <-ctx.Done():
			return
		case <-r.rest: // all have failed
			return
		}
	}
}

func (d *driver) received() (bytes int64) {
	for _, w := range d.workers {
		bytes += w.received.Load()
	}
	return bytes
}

func (d *driver) failures() (n int64) {
	for _, w := range d.workers {
		n += w.failures.Load()
	}
	return n
}

// result returns the figures of a run of this length. All connections must be at rest.
func (d *driver) result(length time.Duration) *result {
	res := &result{o: d.o, length: length, failures: d.failures(), latencies: newHistogram()}
	for _, w := range d.workers {
		done := make(chan struct{})
		w.loop.Post(func() {
			res.conns += len(w.conns)
			res.latencies.Merge(w.latencies)
			res.errs = append(res.errs, w.errs...)
			close(done)
		})
		<-done
	}
	return res
}

// newHistogram returns a histogram of latencies in nanoseconds, with three digits.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(longestLatency), 3) }

const longestLatency = 10 * time.Minute
