package protocol_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// Connections go round the loops without a pause. Meanwhile each of them echoes, gets lines from a
// goroutine of its own, and all get broadcasts. Each line comes once, in order.
func TestMovesUnderWrites(t *testing.T) {
	socktest.Check(t)
	const conns, lines, broadcasts = 6, 400, 200
	made := make(chan *protocol.Transport, conns)
	server, at := serve(t, protocol.Config{Loops: 3, WriteLimit: 64 << 20, Loop: quiet(), New: func(c *protocol.Transport) protocol.Protocol {
		made <- c
		return lineEcho{}
	}})
	var transports []*protocol.Transport
	var work, reading sync.WaitGroup
	for i := range conns {
		c := dial(t, at)
		s := next(t, "New", made)
		transports = append(transports, s)
		reading.Go(func() {
			// A line is its source and its number.
			want := map[string]int{"echo": 0, "write": 0, "all": 0}
			most := map[string]int{"echo": lines, "write": lines, "all": broadcasts}
			in := bufio.NewScanner(c)
			for range 2*lines + broadcasts {
				if !in.Scan() {
					t.Errorf("connection %d ends after %v: %v", i, want, in.Err())
					return
				}
				source, number, _ := strings.Cut(in.Text(), " ")
				if number != fmt.Sprint(want[source]) || want[source] == most[source] {
					t.Errorf("connection %d: %q after %d lines of that kind", i, in.Text(), want[source])
					return
				}
				want[source]++
			}
			c.CloseWrite()
			if rest, err := io.ReadAll(c); len(rest) > 0 || err != nil {
				t.Errorf("connection %d: %.100q and %v behind its last line", i, rest, err)
			}
		})
		work.Go(func() { writeLines(t, c, "echo", lines) })
		work.Go(func() { writeLines(t, s, "write", lines) })
	}
	var over atomic.Bool
	var movers sync.WaitGroup
	loops := server.Reactor().Loops()
	for range 2 {
		movers.Go(func() {
			for !over.Load() {
				c := transports[rand.IntN(conns)]
				c.Move(loops[rand.IntN(len(loops))]) // net.ErrClosed once its peer has all
			}
		})
	}
	work.Go(func() {
		for i := range broadcasts {
			server.Broadcast(fmt.Appendf(nil, "all %d\n", i))
		}
	})
	work.Wait()
	reading.Wait()
	over.Store(true)
	movers.Wait()
	if _, err := server.Shutdown(patience(t)); err != nil {
		t.Error(err)
	}
}

// lineEcho sends each line back in one write.
type lineEcho struct{ protocol.Base }

func (e lineEcho) Data(t *protocol.Transport, p []byte) int {
	return protocol.Frames(t, p, protocol.Line{Limit: 100}, e)
}

func (lineEcho) Frame(t *protocol.Transport, line []byte) { fmt.Fprintf(t, "%s\n", line) }

// writeLines writes numbered lines, two in each other call.
func writeLines(t *testing.T, w io.Writer, source string, lines int) {
	for i := 0; i < lines; {
		line := fmt.Appendf(nil, "%s %d\n", source, i)
		if i++; i%3 == 0 && i < lines {
			line = fmt.Appendf(line, "%s %d\n", source, i)
			i++
		}
		if _, err := w.Write(line); err != nil {
			t.Errorf("%s %d: %v", source, i, err)
			return
		}
	}
}

// A round of Each meets a connection once that moves between two loops of which one has had the
// round: it moves from the loop that is ahead, and from the one that is behind.
func TestEachMeetsMovingConnections(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	p.data = echo{}.Data
	server, at := serve(t, protocol.Config{Loops: 2, New: func(*protocol.Transport) protocol.Protocol { return p }})
	c := dial(t, at)
	s := next(t, "Made", p.conn)
	loops := server.Reactor().Loops()
	calls := make(chan int, 100)
	n := 0
	round := func() {
		n++
		number := n
		server.Each(func(*protocol.Transport) { calls <- number })
	}
	echoes := func() { // all that was posted before has run
		t.Helper()
		c.Write([]byte("x"))
		want(t, c, "x")
		for _, l := range loops {
			done := make(chan struct{})
			socktest.Must(t, l.Post(func() { close(done) }))
			next(t, "a posted function", done)
		}
	}
	for i := range 4 {
		from, to := loops[i%2], loops[1-i%2]
		socktest.Must(t, s.Move(from))
		echoes()
		held := to
		if i >= 2 {
			held = from
		}
		hold, holds := make(chan struct{}), make(chan struct{})
		socktest.Must(t, held.Post(func() { close(holds); <-hold }))
		next(t, "the hold", holds)
		if i < 2 { // from has the rounds, and to has not
			round()
			round()
			for k := n - 1; k <= n; k++ {
				if got := next(t, "a call", calls); got != k {
					t.Fatalf("round %d, want %d", got, k)
				}
			}
			socktest.Must(t, s.Move(to))
			socktest.Await(t, "the move", func() bool { return s.Loop() == to })
			c.Write([]byte("early")) // it arrives by this event, before the rounds or after them
		} else { // to has the rounds, and from moves it before it has
			socktest.Must(t, s.Move(to))
			round()
			round()
			done := make(chan struct{})
			socktest.Must(t, to.Post(func() { close(done) }))
			next(t, "a posted function", done)
		}
		close(hold)
		if i < 2 {
			want(t, c, "early")
		}
		echoes()
		round()
		wanted := []int{n}
		if i >= 2 {
			wanted = []int{n - 2, n - 1, n}
		}
		for _, k := range wanted {
			if got := next(t, "a call", calls); got != k {
				t.Errorf("case %d: round %d, want %d", i, got, k)
			}
		}
		echoes()
		if s.Loop() != to {
			t.Error("it has not moved")
		}
	}
	if len(calls) > 0 {
		t.Errorf("a second call of round %d", <-calls)
	}
}

// A connection that moves while the server shuts down hears of it once, and is cut with the others.
func TestMovesInShutdown(t *testing.T) {
	socktest.Check(t)
	const conns = 8
	for range 20 {
		var told atomic.Int64
		ctx, cancel := context.WithCancel(patience(t))
		made := make(chan *protocol.Transport, conns)
		lost := make(chan error, conns)
		server, at := serve(t, protocol.Config{Loops: 3, New: func(c *protocol.Transport) protocol.Protocol {
			made <- c
			return &script{lost: lost, shut: func(*protocol.Transport) {
				if told.Add(1) == conns {
					cancel()
				}
			}, conn: make(chan *protocol.Transport, 1)}
		}})
		var transports []*protocol.Transport
		for range conns {
			c := dial(t, at)
			c.Write([]byte("x"))
			transports = append(transports, next(t, "New", made))
		}
		var over atomic.Bool
		var movers sync.WaitGroup
		loops := server.Reactor().Loops()
		movers.Go(func() {
			for !over.Load() {
				for _, c := range transports {
					c.Move(loops[rand.IntN(len(loops))])
				}
			}
		})
		report, err := server.Shutdown(ctx)
		cancel()
		over.Store(true)
		movers.Wait()
		if err == nil || report.Cut != conns || report.Ended != 0 {
			t.Errorf("%v, %v", report, err)
		}
		if n := told.Load(); n != conns {
			t.Errorf("Shutdown was called %d times for %d connections", n, conns)
		}
		for range conns {
			if err := next(t, "Lost", lost); err != protocol.ErrShutdown {
				t.Errorf("lost by %v", err)
			}
		}
	}
}
