// Echo starts an echo server, drives it with many connections at once, checks every byte that comes
// back, and tells how it went.
//
//	go run ./examples/echo                          a server on a free port of the loopback, 1,000 connections, 5 seconds
//	go run ./examples/echo -mode task -depth 16     served by coroutines, 16 messages in flight on each connection
//	go run ./examples/echo -serve -listen [::1]:7777
//
// The server is package internal/echo, in a process of its own, so that its memory can be told from
// ours. The client is one handler for each connection, on loops of its own: stream.go, and
// datagram.go for UDP. Any wrong byte or other error makes the exit status 1, a bad argument 2.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its exit status.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "echo:", oneLine(err))
		return 2
	}
	// The second signal ends the program at once, as if nobody waited for it.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	defer stop()

	if o.serve {
		err = serve(ctx, o, stdout, stderr)
	} else {
		err = driveChild(ctx, o, stdout, stderr)
	}
	if err == nil {
		return 0
	}
	if !errors.Is(err, errTold) {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintln(stderr, "echo:", strings.TrimPrefix(strings.TrimSpace(line), "echo: "))
		}
	}
	return 1
}

// errTold is for what the user has been told already.
var errTold = errors.New("see above")

// driveChild starts a server, drives it, and reports.
func driveChild(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	p := newProgress(stderr, o.length)
	p.state("starting the server")
	server, err := startChild(o)
	if err != nil {
		p.end()
		return err
	}
	res, err := drive(ctx, o, server, p)
	p.end()
	if stopped := server.stop(); stopped != nil {
		err = errors.Join(err, stopped)
	}
	if res == nil {
		return err
	}
	res.write(stdout)
	return errors.Join(res.err(), err)
}
