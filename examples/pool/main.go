// Pool asks a server of lines (examples/lines) many questions at once over few connections. A
// context bounds the whole time: the wait for a connection, the connect and the answer. It exits
// with 1 if a question got no answer.
//
// Needs: any system; the example lines, running.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/sock"
)

var server = flag.String("server", "127.0.0.1:7001", "HOST:PORT")
var conns = flag.Int("conns", 4, "connections at most")
var timeout = flag.Duration("timeout", 5*time.Second, "for each question")

// A pool lends connections. It has a place for each one, which holds nil until the connection is
// made.
type pool chan *sock.Socket

// ask sends a line and returns the answer, before ctx ends.
func (p pool) ask(ctx context.Context, question string) (answer string, err error) {
	var s *sock.Socket
	select {
	case s = <-p:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() {
		if err != nil && s != nil { // the rest of the answer may still come, so nothing else can use it
			s.Close()
			s = nil
		}
		p <- s
	}()
	if s == nil {
		if s, err = sock.Dial("tcp:"+*server, &sock.ConnectionConfig{Context: ctx, HappyEyeballs: true}); err != nil {
			return "", err
		}
	}
	view := s.With(ctx)
	if _, err := fmt.Fprintln(view, question); err != nil {
		return "", err
	}
	answer, err = bufio.NewReader(view).ReadString('\n')
	return strings.TrimSuffix(answer, "\n"), err
}

func main() {
	flag.Parse()
	p := make(pool, max(1, *conns))
	for range cap(p) {
		p <- nil
	}
	var group sync.WaitGroup
	var failed atomic.Bool
	for _, question := range flag.Args() {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), *timeout)
			defer cancel()
			answer, err := p.ask(ctx, question)
			fmt.Println(question+":", answer, err)
			if err != nil {
				failed.Store(true)
			}
		})
	}
	group.Wait()
	if failed.Load() {
		os.Exit(1)
	}
}
