// Lines serves lines in tasks, with straight-line code on the event loop: it answers each line with
// its words in reverse order. A connection costs a coroutine and no goroutine.
//
//	$ go run ./examples/lines -listen 127.0.0.1:7001
//	$ echo one two three | nc -N 127.0.0.1 7001
//	three two one
//
// Needs: any system.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"slices"
	"strings"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

var (
	listen = flag.String("listen", "127.0.0.1:7001", "HOST:PORT")
	idle   = flag.Duration("idle", time.Minute, "how long a client may be silent")
)

// serve answers one client. Read and Write suspend the task, so bufio works as it does in a
// goroutine.
func serve(s *sock.Socket) {
	defer s.Close()
	s.SetTimeout(*idle)
	lines := bufio.NewScanner(s)
	lines.Buffer(make([]byte, 0, 512), 64<<10) // the longest line
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		slices.Reverse(words)
		if _, err := fmt.Fprintln(s, strings.Join(words, " ")); err != nil {
			return
		}
	}
	if err := lines.Err(); err != nil {
		log.Print(err) // recv tcp 127.0.0.1:7001->127.0.0.1:50312: i/o timeout
	}
}

func main() {
	flag.Parse()
	ln, err := sock.Listen("tcp:"+*listen, nil)
	if err != nil {
		log.Fatal(err)
	}
	at, _ := ln.Getsockname()
	fmt.Println("Listening on", at)
	reactor, err := loop.Default()
	if err != nil {
		log.Fatal(err)
	}
	accept := reactor.Next().Go(func(t *loop.Task) {
		for {
			s, _, err := ln.In(t).Accept()
			if err != nil {
				log.Print(err)
				return
			}
			l := reactor.Next() // each client has a task on a loop
			l.Go(func(t *loop.Task) { serve(s.In(t)) })
		}
	})
	if err := accept.Wait(context.Background()); err != nil {
		log.Fatal(err)
	}
}
