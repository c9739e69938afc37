package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/echo"
	"github.com/polluxio/pollux/sock"
)

const usage = `Usage: echo [flags]

Starts an echo server, drives it with many connections at once, checks every byte that comes back, and ends with a table.

  -serve           only serve, until SIGINT or SIGTERM
  -listen ADDRESS  where: 127.0.0.1:7777, [::1]:0, unix:/path, unix:@abstract, udp:127.0.0.1:7777
                   (default 127.0.0.1:0; port 0 is a free one)
  -mode MODE       who waits for a connection in the server: goroutine, task or callback (default callback)
  -loops N         event loops of the server; 0 is one for each processor (default 0)
  -conns N         connections (default 1000)
  -size N          bytes of a message (default 64)
  -depth N         messages in flight on each connection (default 1)
  -for DURATION    how long to drive the server (default 5s)
`

// maxDatagram is the most that fits into a datagram of UDP over IPv4: 65535 without the headers' 20
// and 8 bytes.
const maxDatagram = 65507

// options holds the arguments of the command line.
type options struct {
	serve  bool
	child  bool // the server of a driving process: it ends with its standard input, not by a signal
	listen endpoint
	mode   string
	loops  int
	conns  int
	size   int
	depth  int
	length time.Duration

	patience time.Duration // how long the server waits for its peers at its end
}

// parseOptions parses the command line. Its errors say what is wrong and what is allowed.
// flag.ErrHelp means that -h was given.
func parseOptions(args []string) (*options, error) {
	o := &options{
		listen: endpoint{addr: sock.Inet("127.0.0.1", 0)},
		mode:   "callback", conns: 1000, size: 64, depth: 1, length: 5 * time.Second, patience: drainPatience,
	}
	fs := flag.NewFlagSet("echo", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	yesOrNo(fs, "serve", &o.serve)
	yesOrNo(fs, "child", &o.child)
	number(fs, "loops", 0, &o.loops)
	number(fs, "conns", 1, &o.conns)
	number(fs, "size", 1, &o.size)
	number(fs, "depth", 1, &o.depth)
	fs.Func("listen", "", func(s string) (err error) {
		o.listen, err = parseEndpoint(s)
		return err
	})
	fs.Func("mode", "", func(s string) error {
		o.mode = s
		if !slices.Contains(echo.Modes, s) {
			return errors.New("must be one of " + strings.Join(echo.Modes, ", "))
		}
		return nil
	})
	fs.Func("for", "", func(s string) (err error) {
		if o.length, err = time.ParseDuration(s); err != nil || o.length <= 0 {
			return errors.New("must be a time above 0 with its unit, such as 5s or 300ms")
		}
		return nil
	})
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w (-h lists the flags)", err)
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: there are only flags (-h lists them)", fs.Arg(0))
	}
	return o, o.check()
}

// check finds conflicts between flags, and limits of the system that are too low.
func (o *options) check() error {
	loops := max(o.loops, runtime.GOMAXPROCS(0))
	if most := (maxDescriptors() - ownDescriptors) / loopDescriptors; o.loops > most {
		return fmt.Errorf("-loops %d: each needs %d descriptors, and a process may have %d: must be %d or less, unless ulimit -n is raised",
			o.loops, loopDescriptors, maxDescriptors(), max(0, most))
	}
	if o.serve {
		return nil
	}
	if o.listen.datagram && o.size > maxDatagram {
		return fmt.Errorf("-size %d: must be %d or less, which is what a UDP datagram has room for", o.size, maxDatagram)
	}
	if most := maxDescriptors() - ownDescriptors - loopDescriptors*loops; o.conns > most {
		return fmt.Errorf("-conns %d: each side needs a descriptor for each connection, and a process may have %d: "+
			"must be %d or less, unless ulimit -n is raised", o.conns, maxDescriptors(), max(0, most))
	}
	if int64(o.size) > maxInFlight/int64(o.conns)/int64(o.depth) {
		return fmt.Errorf("-conns %d, -size %d, -depth %d: their product is what is in flight, and must be %d bytes or less",
			o.conns, o.size, o.depth, int64(maxInFlight))
	}
	return nil
}

const (
	// ownDescriptors is how many descriptors a process may need beside those of its connections and
	// loops.
	ownDescriptors = 32

	// loopDescriptors is how many descriptors a loop's poller has on Linux, the most of all
	// systems: see pollux.New.
	loopDescriptors = 5

	// maxInFlight is the most bytes that all connections together may have in flight. A run begins
	// and ends with all of them in flight, whatever -for says, so this must not take much longer.
	maxInFlight = 4 << 30
)

func number(fs *flag.FlagSet, name string, least int, p *int) {
	fs.Func(name, "", func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least {
			return fmt.Errorf("must be a whole number, %d or more", least)
		}
		*p = n
		return nil
	})
}

func yesOrNo(fs *flag.FlagSet, name string, p *bool) {
	fs.BoolFunc(name, "", func(s string) (err error) {
		if *p, err = strconv.ParseBool(s); err != nil {
			return errors.New("must be true or false")
		}
		return nil
	})
}

// oneLine returns the text of err on one line, whatever text it quotes.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", `\n`) }

// An endpoint is an address in the form of -listen.
type endpoint struct {
	addr     sock.Addr
	datagram bool
}

var errEndpoint = errors.New("must be like 127.0.0.1:7777, [::1]:0, unix:/path, unix:@abstract or udp:127.0.0.1:7777")

// parseEndpoint is the inverse of endpoint.String.
func parseEndpoint(s string) (endpoint, error) {
	text, datagram := strings.CutPrefix(s, "udp:")
	addr, err := families.Parse(text)
	switch kind := addr.Kind(); {
	case err != nil:
		return endpoint{}, fmt.Errorf("%w: %w", err, errEndpoint)
	case kind == families.KindUnix && !datagram:
		if _, err := families.Host.Encode(make([]byte, families.MaxSockaddr), addr); err != nil {
			return endpoint{}, fmt.Errorf("%w: %w", err, errEndpoint)
		}
	case kind != families.KindInet && kind != families.KindInet6:
		return endpoint{}, errEndpoint
	}
	return endpoint{addr, datagram}, nil
}

func (e endpoint) String() string {
	text, err := e.addr.MarshalText()
	switch {
	case err != nil:
		return e.addr.String()
	case e.datagram:
		return "udp:" + string(text)
	case e.addr.Kind() == families.KindUnix && !strings.HasPrefix(string(text), "unix:"):
		return "unix:" + string(text)
	}
	return string(text)
}
