package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// defaultBuffer is the read buffer of a connection that has one of its own: what bufio and most
// programs take. A scenario with larger messages asks for as much as one message.
const defaultBuffer = 4 << 10

// serveConfig is the arguments of "bench serve". A server listens on 127.0.0.1, on a port of the
// system's choice.
type serveConfig struct {
	// Procs is GOMAXPROCS, and the number of event loops of a server that has any.
	Procs int

	// Hogs is how many goroutines burn CPU beside the server.
	Hogs int

	// Busy hogs never yield.
	Busy bool

	// Timeout is set anew on every wait for data; 0 is none.
	Timeout time.Duration

	// Work is how many steps of arithmetic a message costs, in the suite scale.
	Work int

	// Buffer is the size of a read buffer that belongs to one connection, in bytes.
	Buffer int

	// Announce gets the address at which the server listens: once, when it does.
	Announce func(net.Addr)
}

// serve runs one server until stdin ends: so none is left over, however bench itself ended.
func serve(args []string, stdout, stderr io.Writer) error {
	var cfg serveConfig
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	suite := fs.String("suite", echoSuite.Name, "the suite of the implementation")
	name := fs.String("impl", peerNet, "the implementation to run")
	fs.IntVar(&cfg.Procs, "procs", 1, "GOMAXPROCS, and the number of event loops")
	fs.IntVar(&cfg.Hogs, "hogs", 0, "goroutines that burn CPU in the server")
	fs.BoolVar(&cfg.Busy, "busy", false, "these goroutines never yield")
	fs.DurationVar(&cfg.Timeout, "timeout", 0, "timeout of every wait for data; 0 is none")
	fs.IntVar(&cfg.Work, "work", 0, "steps of arithmetic for each message, in the suite scale")
	fs.IntVar(&cfg.Buffer, "buffer", defaultBuffer, "bytes of a connection's own read buffer")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	start, err := serverFor(*suite, *name)
	switch {
	case err != nil:
		return err
	case cfg.Procs < 1:
		return usageError(fmt.Sprintf("serve: -procs %d: want 1 or more", cfg.Procs))
	case cfg.Hogs < 0:
		return usageError(fmt.Sprintf("serve: -hogs %d: want 0 or more", cfg.Hogs))
	case cfg.Timeout < 0:
		return usageError(fmt.Sprintf("serve: -timeout %v: want 0 or more", cfg.Timeout))
	case cfg.Work < 0:
		return usageError(fmt.Sprintf("serve: -work %d: want 0 or more", cfg.Work))
	case cfg.Buffer < 1:
		return usageError(fmt.Sprintf("serve: -buffer %d: want 1 or more", cfg.Buffer))
	}
	cfg.Announce = func(a net.Addr) { fmt.Fprintln(stdout, "listening on", a) }

	runtime.GOMAXPROCS(cfg.Procs)
	if *name != peerGnet {
		withoutGnet()
	}
	for range cfg.Hogs {
		go hog(cfg.Busy, new(atomic.Bool))
	}
	failed := make(chan error, 1)
	go func() { failed <- start(cfg) }()
	ended := make(chan struct{})
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); { // an error ends the server as the end does
			if in.Text() == askMemory {
				fmt.Fprintln(stdout, liveHeap())
			}
		}
		close(ended)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", *name, err)
	case <-ended:
		return nil
	}
}

// askMemory is a line of stdin that is answered with the bytes of the live heap.
const askMemory = "memory"

// liveHeap is the bytes of the objects that are in use.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what has a finalizer
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// serverFor finds the function that runs an implementation.
func serverFor(suite, name string) (func(serveConfig) error, error) {
	s := suites[suite]
	if s == nil {
		return nil, usageError(fmt.Sprintf("serve: -suite: unknown %q: want one of %s", suite,
			strings.Join(slices.Sorted(maps.Keys(suites)), ",")))
	}
	var served []impl // not those in C: each is a program of its own
	for _, i := range s.Impls {
		switch {
		case i.Serve == nil:
		case i.Name == name:
			return i.Serve, nil
		default:
			served = append(served, i)
		}
	}
	return nil, usageError(fmt.Sprintf("serve: -impl: unknown %q: want one of %s", name, join(served, func(i impl) string { return i.Name })))
}

// hog is a goroutine of a program that computes: 50 us of work, then it lets others run, unless it
// is busy. It ends after over is set.
func hog(busy bool, over *atomic.Bool) {
	for !over.Load() {
		for begin := time.Now(); time.Since(begin) < 50*time.Microsecond; {
		}
		if !busy {
			runtime.Gosched()
		}
	}
}
