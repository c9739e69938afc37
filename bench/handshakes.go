package main

import (
	"bufio"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

// bench handshakes measures how long the echo of one TLS connection takes while others make
// handshakes: 1,000 a second, unless -rate says otherwise. The first server is package net with
// crypto/tls.
//
// Three processes take part: the server, the crowd, and this one, which has the echo alone.

// shakenServers are the servers of the crowd: handshakes on goroutines of package net, on the loop,
// and on goroutines beside the loop (tlsconn.Config.OffLoop).
var shakenServers = []string{"net", "callback", "offloop"}

func handshakesBench(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("bench handshakes", flag.ContinueOnError)
	rate := fs.Int("rate", 1000, "handshakes a second")
	slice := fs.Duration("slice", time.Second, "how long echoes are measured at a time, with the crowd and without")
	cycles := fs.Int("cycles", 5, "how often each server is measured")
	which := fs.String("servers", strings.Join(shakenServers, ","), "which servers")
	procs := fs.Int("procs", 1, "GOMAXPROCS of the servers")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	if *rate < 1 || *slice <= 0 || *cycles < 1 {
		return usageError("handshakes: -rate, -slice and -cycles must be above 0")
	}
	var servers []*shaken
	defer func() {
		for _, c := range servers {
			c.end()
		}
	}()
	for name := range strings.SplitSeq(*which, ",") {
		s, err := startTLSServer(name, *procs)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		servers = append(servers, &shaken{tlsServer: s})
		if err := s.dial(1, 64); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for range *cycles {
		for _, c := range servers {
			if err := c.measure(*rate, *slice); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "server\talone p50 us\tp99\tin the crowd p50\tp99\tmost\thandshakes a second")
	for _, c := range servers {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.name, quartilesOf(c.alone.p50).full(0), quartilesOf(c.alone.p99).full(0),
			quartilesOf(c.beside.p50).full(0), quartilesOf(c.beside.p99).full(0), quartilesOf(c.beside.most).full(0), quartilesOf(c.rates).full(0))
	}
	return t.Flush()
}

// A shaken server is one that is measured with a crowd and without.
type shaken struct {
	*tlsServer
	alone, beside latencies
	rates         []float64 // handshakes a second, as they were
}

// latencies are microseconds of an echo, of each slice.
type latencies struct{ p50, p99, most []float64 }

// echoes measures echoes, one at a time, for that long.
func (l *latencies) echoes(s *tlsServer, d time.Duration) error {
	var took []time.Duration
	for end := time.Now().Add(d); time.Now().Before(end); {
		began := time.Now()
		if err := s.echo(s.conns[0]); err != nil {
			return err
		}
		took = append(took, time.Since(began))
		time.Sleep(200 * time.Microsecond) // the echo is of a quiet connection
	}
	slices.Sort(took)
	at := func(part float64) float64 { return us(took[int(part*float64(len(took)-1))]) }
	l.p50, l.p99, l.most = append(l.p50, at(0.5)), append(l.p99, at(0.99)), append(l.most, at(1))
	return nil
}

func (c *shaken) measure(rate int, d time.Duration) error {
	if err := c.alone.echoes(c.tlsServer, d); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	crowd := exec.Command(self, "shaker", c.addr, strconv.Itoa(rate))
	crowd.Env = append(os.Environ(), "GOMAXPROCS=1")
	crowd.Stderr = os.Stderr
	in, err := crowd.StdinPipe()
	if err != nil {
		return err
	}
	pipe, err := crowd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := crowd.Start(); err != nil {
		return err
	}
	defer crowd.Wait()
	defer in.Close()
	out := bufio.NewReader(pipe)
	count := func() (n int, err error) { // of handshakes so far
		if _, err = fmt.Fprintln(in, "count"); err == nil {
			_, err = fmt.Fscanln(out, &n)
		}
		return n, err
	}
	if _, err := out.ReadString('\n'); err != nil { // it has begun
		return err
	}
	before, err := count()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := c.beside.echoes(c.tlsServer, d); err != nil {
		return err
	}
	after, err := count()
	c.rates = append(c.rates, float64(after-before)/time.Since(began).Seconds())
	return err
}

// shakerProgram is the crowd: it makes handshakes with a server, at a rate, until the end of
// its input, and answers each line of it with their number.
func shakerProgram(args []string, stdout, stderr io.Writer) error {
	rate := 0
	if len(args) == 2 {
		rate, _ = strconv.Atoi(args[1])
	}
	if rate < 1 {
		return usageError("shaker: want an address and how many a second")
	}
	const (
		most = 256              // at once
		wait = 10 * time.Second // for the first
	)
	var made, running atomic.Int64
	var failed sync.Once
	cfg := &tls.Config{InsecureSkipVerify: true} // with crypto/tls's own key shares
	shake := func() {
		defer running.Add(-1)
		c, err := net.Dial("tcp", args[0])
		if err == nil {
			defer c.Close()
			if err = tls.Client(c, cfg).Handshake(); err == nil {
				made.Add(1)
				return
			}
		}
		failed.Do(func() { fmt.Fprintln(stderr, "shaker:", err) })
	}
	go func() {
		began := time.Now()
		for begun := 0.0; ; time.Sleep(time.Millisecond) {
			for due := time.Since(began).Seconds() * float64(rate); begun < due; begun++ {
				if running.Load() < most {
					running.Add(1)
					go shake()
				}
			}
		}
	}()
	for first := time.Now(); made.Load() == 0 && time.Since(first) < wait; {
		time.Sleep(time.Millisecond)
	}
	fmt.Fprintln(stdout, "begun")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Fprintln(stdout, made.Load())
	}
	return nil
}

func init() {
	addPart(part{Name: "handshakes", About: "p99 of a TLS echo beside 1,000 handshakes a second", Command: handshakesBench, Order: 81})
}
