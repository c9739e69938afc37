// Neighbour measures what a loop of pollux does to a connection of package net in the same process,
// on the system that it runs on.
//
//	go run ./internal/rigs/neighbour                             # one processor
//	POLLUX_TEST_POLLER=kqueue go run ./internal/rigs/neighbour   # the poller of macOS, over a model
//	internal/rigs/wine/run -x ./internal/rigs/neighbour          # that of Windows
//
// A goroutine sends a byte to another over package net, and gets it back: a round trip. Beside it
// runs nothing, a loop without work, a loop whose callbacks answer each other all the time, or such
// a pair on package net. A line has the middle, the 99th of 100 and the longest round trip.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/polluxio/pollux/internal/pollers"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

func main() {
	log.SetFlags(0)
	procs := flag.Int("procs", 1, "GOMAXPROCS")
	span := flag.Duration("for", 2*time.Second, "the length of each measurement")
	flag.Parse()
	runtime.GOMAXPROCS(*procs)
	config := &loop.Config{Loops: 1}
	if open := pollers.FromEnv(); open != nil {
		config.NewPoller = func() (loop.Poller, error) { return open() }
		check(loop.SetDefaults(config))
	}
	poller := "its own"
	if name := os.Getenv("POLLUX_TEST_POLLER"); name != "" {
		poller = name
	}
	fmt.Printf("%s, poller %s, GOMAXPROCS=%d\n", runtime.GOOS, poller, *procs)
	for _, beside := range []struct {
		name  string
		start func() (stop func())
	}{
		{"nothing", func() func() { return func() {} }},
		{"an idle loop", func() func() { return start(config, false) }},
		{"a busy loop", func() func() { return start(config, true) }},
		{"a busy pair on net", busyNet},
	} {
		stop := beside.start()
		trips := measure(*span)
		stop()
		slices.Sort(trips)
		n := len(trips)
		fmt.Printf("beside %-20s %7.0f/s   50%% %9v   99%% %9v   longest %9v\n", beside.name+":",
			float64(n)/span.Seconds(), trips[n/2], trips[n*99/100], trips[n-1])
	}
}

// measure makes round trips over package net.
func measure(span time.Duration) (trips []time.Duration) {
	a, b := netPair()
	defer a.Close()
	go answer(b)
	p := []byte{0}
	for end := time.Now().Add(span); time.Now().Before(end); {
		began := time.Now()
		_, err := a.Write(p)
		check(err)
		_, err = a.Read(p)
		check(err)
		trips = append(trips, time.Since(began))
	}
	return trips
}

func netPair() (a, b net.Conn) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer ln.Close()
	a, err = net.Dial("tcp", ln.Addr().String())
	check(err)
	b, err = ln.Accept()
	check(err)
	return a, b
}

func answer(c net.Conn) {
	defer c.Close()
	p := []byte{0}
	for {
		if _, err := c.Read(p); err != nil {
			return
		}
		if _, err := c.Write(p); err != nil {
			return
		}
	}
}

func busyNet() (stop func()) {
	a, b := netPair()
	go answer(a)
	go answer(b)
	_, err := a.Write([]byte{0})
	check(err)
	return func() { a.Close(); b.Close() }
}

// start starts a loop. If it is busy, it has a pair of sockets whose handlers answer each other.
func start(config *loop.Config, busy bool) (stop func()) {
	r, err := loop.NewReactor(config)
	check(err)
	if !busy {
		return func() { r.Close() }
	}
	ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	check(err)
	at, err := ln.Getsockname()
	check(err)
	a, err := sock.CreateConnection(at.Host(), at.Port(), nil)
	check(err)
	b, _, err := ln.Accept()
	check(err)
	check(ln.Close())
	for _, s := range []*sock.Socket{a, b} {
		check(s.Watch(r.Next(), echo{}))
	}
	_, err = a.Send([]byte{0}, 0)
	check(err)
	return func() { a.Close(); b.Close(); r.Close() }
}

type echo struct{}

func (echo) Writable(*sock.Socket)      {}
func (echo) Closed(*sock.Socket, error) {}

func (echo) Readable(s *sock.Socket) {
	var p [64]byte
	for {
		n, err := s.RecvInto(p[:], 0)
		if n == 0 || err != nil {
			return
		}
		s.Send(p[:n], 0)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
