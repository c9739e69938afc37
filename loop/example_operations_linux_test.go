package loop_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/timeouts"
	"golang.org/x/sys/unix"
)

// pipe returns both ends of a pipe that does not block.
func pipe() (r, w int) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		log.Fatal(err)
	}
	return p[0], p[1]
}

// A reader is an Attempt: it makes one read(2).
type reader struct {
	loop.Op // for a future, see ExampleStart
	into    []byte
	n       int
}

func (r *reader) Try(sysfd int) (loop.Outcome, error) {
	n, err := unix.Read(sysfd, r.into)
	if err == unix.EAGAIN {
		return loop.Outcome{}, loop.ErrAgain
	}
	r.n = max(n, 0)
	return loop.Outcome{N: r.n}, err
}

var _ loop.Attempt = (*reader)(nil)

// A loop can drive any descriptor that the system can poll: here a pipe. Do waits as the Call says:
// with a timeout, and in the goroutine, the task or the context that the Waiter names.
func ExampleFD_Do() {
	r, w := pipe()
	fd := loop.NewFD(r)
	defer fd.Close()
	defer unix.Close(w)

	a := &reader{into: make([]byte, 100)}
	err := fd.Do(&loop.Call{Lane: loop.Read, Timeout: time.Millisecond}, a)
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))

	time.AfterFunc(time.Millisecond, func() { unix.Write(w, []byte("hello")) })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err = fd.Do(&loop.Call{Lane: loop.Read, Timeout: timeouts.Forever, Waiter: loop.ByContext(ctx)}, a)
	fmt.Printf("%q %v\n", a.into[:a.n], err)
	// Output:
	// true
	// "hello" <nil>
}

// Start gives a future of an operation. The Attempt embeds the Op, and the loop makes the attempts.
func ExampleStart() {
	r, w := pipe()
	fd := loop.NewFD(r)
	defer fd.Close()
	defer unix.Close(w)

	a := &reader{Op: loop.Op{Call: loop.Call{Lane: loop.Read, Timeout: timeouts.Forever}}, into: make([]byte, 100)}
	a.Attempt = a
	f := loop.Start(fd, nil, &a.Op, &a.n)
	fmt.Println("settled:", f.Settled())
	unix.Write(w, []byte("hello"))
	n, err := f.Wait(context.Background())
	fmt.Printf("%q %v\n", a.into[:n], err)
	// Output:
	// settled: false
	// "hello" <nil>
}

// A watched is the Watcher of a pipe.
type watched struct {
	fd     *loop.FD
	closed chan error
}

func (p *watched) Ready(r pollux.Ready) {
	a := &reader{into: make([]byte, 100)}
	switch err := p.fd.Do(&loop.Call{Lane: loop.Read}, a); { // without a timeout: it does not wait
	case err == loop.ErrAgain:
	case err != nil, a.n == 0:
		p.fd.Close()
	default:
		fmt.Printf("%q\n", a.into[:a.n])
	}
}

func (p *watched) Closed(err error) { p.closed <- err }

// The loop calls a Watcher each time that its descriptor may be ready.
func ExampleWatcher() {
	l, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	r, w := pipe()
	p := &watched{fd: loop.NewFD(r), closed: make(chan error, 1)}
	if err := p.fd.Watch(l.Next(), p); err != nil {
		log.Fatal(err)
	}
	unix.Write(w, []byte("hello"))
	unix.Close(w)
	fmt.Println(<-p.closed)
	// Output:
	// "hello"
	// use of closed network connection
}

// Stats has what a loop holds and has done. Its Lag says how long ready work had to wait. Leaks
// lists the descriptors that are still registered.
func ExampleLoop_Stats() {
	re, err := loop.NewReactor(&loop.Config{Loops: 1, TraceLeaks: true})
	if err != nil {
		log.Fatal(err)
	}
	defer re.Close()
	r, w := pipe()
	defer unix.Close(w)
	fd := loop.NewFD(r)
	defer fd.Close()
	l := re.Next()
	if err := fd.Join(l); err != nil {
		log.Fatal(err)
	}
	st := l.Stats()
	fmt.Println("descriptors:", st.Descriptors, "stuck:", st.Stuck, "lag below a second:", quick(st.Lag))
	for _, leak := range re.Leaks() {
		fmt.Println("with its stack:", leak.Trace != "")
	}
	// Output:
	// descriptors: 1 stuck: 0 lag below a second: true
	// with its stack: true
}

// quick says whether 99 of 100 turns kept no work waiting for a second.
func quick(lag loop.Histogram) bool { return lag.Quantile(0.99) < time.Second }

// A panic in a task ends the task, and its loop goes on. Do returns the panic of a function on the
// pool as an error.
func ExamplePanicError() {
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	t := r.Next().Go(func(t *loop.Task) {
		err := t.Do(func() error { panic("out of range") })
		var p *loop.PanicError
		fmt.Println(errors.As(err, &p), p.Value)
	})
	fmt.Println(t.Wait(context.Background()))
	// Output:
	// true out of range
	// <nil>
}

// A gate is an Attempt that waits until other code opens it. No descriptor becomes ready then, so
// the loop looks again after a time.
type gate struct{ open *atomic.Bool }

var soonAgain = &loop.Retry{After: time.Millisecond, Most: 50 * time.Millisecond}

func (g gate) Try(int) (loop.Outcome, error) {
	if !g.open.Load() {
		return loop.Outcome{Retry: soonAgain}, loop.ErrAgain
	}
	return loop.Outcome{}, nil
}

func ExampleRetry() {
	r, w := pipe()
	fd := loop.NewFD(r)
	defer fd.Close()
	defer unix.Close(w)

	g := gate{new(atomic.Bool)}
	time.AfterFunc(5*time.Millisecond, func() { g.open.Store(true) })
	err := fd.Do(&loop.Call{Lane: loop.Write, Timeout: timeouts.Forever}, g)
	fmt.Println("open:", g.open.Load(), err)
	// Output:
	// open: true <nil>
}
