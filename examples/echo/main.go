// Echo starts an echo server, drives it with many connections at once, checks every byte that comes
// back, and prints the results.
//
//	go run ./examples/echo                          a server on a free port of the loopback, 1,000 connections, 5 seconds
//	go run ./examples/echo -mode task -depth 16     served by coroutines, 16 messages in flight on each connection
//	go run ./examples/echo -serve -listen [::1]:7777
//
// The server is package internal/echo. It runs in a process of its own, so that its memory can be
// measured separately. The client has one handler for each connection, on its own loops: stream.go,
// and datagram.go for UDP. The exit status is 1 after a wrong byte or another error, and 2 for a
// bad argument.
//
// Needs: any system; two descriptors for each connection.
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
	// The second signal ends the program at once, because stop restores the default action.
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

// errTold means that the user has already seen the errors.
var errTold = errors.New("see above")

// driveChild starts a server, drives it, and prints the report.
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
