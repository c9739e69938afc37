package protocol_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// script is a protocol whose methods are functions. What is nil is Base's.
type script struct {
	protocol.Base
	made             func(t *protocol.Transport)
	data             func(t *protocol.Transport, p []byte) int
	eof, shut        func(t *protocol.Transport)
	pausing, resumed func(t *protocol.Transport)
	lost             chan error
	conn             chan *protocol.Transport
}

func newScript() *script {
	return &script{lost: make(chan error, 100), conn: make(chan *protocol.Transport, 100)}
}

func (s *script) Made(t *protocol.Transport) {
	if s.made != nil {
		s.made(t)
	}
	s.conn <- t
}

func (s *script) Data(t *protocol.Transport, p []byte) int {
	if s.data != nil {
		return s.data(t, p)
	}
	return len(p)
}

func (s *script) EOF(t *protocol.Transport) {
	if s.eof != nil {
		s.eof(t)
	} else {
		s.Base.EOF(t)
	}
}

func (s *script) Shutdown(t *protocol.Transport) {
	if s.shut != nil {
		s.shut(t)
	} else {
		s.Base.Shutdown(t)
	}
}

func (s *script) Paused(t *protocol.Transport) {
	if s.pausing != nil {
		s.pausing(t)
	}
}

func (s *script) Resumed(t *protocol.Transport) {
	if s.resumed != nil {
		s.resumed(t)
	}
}

func (s *script) Lost(_ *protocol.Transport, err error) { s.lost <- err }

// next receives from a channel.
func next[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(socktest.Patience):
		t.Fatalf("%s does not come", what)
		panic("unreachable")
	}
}

// on runs fn on the loop of a connection, and waits for it.
func on(t testing.TB, c *protocol.Transport, fn func()) {
	t.Helper()
	done := make(chan struct{})
	socktest.Must(t, c.Loop().Post(func() { defer close(done); fn() }))
	next(t, "a posted function", done)
}

// pair is a server with p, a client of package net, and the transport of their connection.
func pair(t testing.TB, p *script, cfg protocol.Config) (*protocol.Transport, *net.TCPConn) {
	t.Helper()
	cfg.New = func(*protocol.Transport) protocol.Protocol { return p }
	_, at := serve(t, cfg)
	c := dial(t, at)
	return next(t, "Made", p.conn), c
}

// A peer that does not read: Paused, and reading stops; it reads, and all arrives.
func TestFlowControl(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	paused, resumed := make(chan int, 1000), make(chan int, 1000)
	p.pausing = func(t *protocol.Transport) { paused <- t.Buffered() }
	p.resumed = func(t *protocol.Transport) { resumed <- t.Buffered() }
	var received atomic.Int64
	p.data = func(t *protocol.Transport, b []byte) int {
		received.Add(int64(len(b)))
		return echo{}.Data(t, b)
	}
	s, c := pair(t, p, protocol.Config{})
	const total = 16 << 20
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(bytes.Repeat([]byte{'x'}, total))
		sent <- err
	}()
	if n := next(t, "Paused", paused); n <= 64<<10 || n > 64<<10+256<<10 {
		t.Errorf("paused with %d bytes unsent", n)
	}
	// Once the system's buffers are full, the loop leaves alone what the peer goes on sending.
	socktest.Await(t, "100 turns of the loop in which nothing is received", func() bool {
		before := received.Load()
		for range 100 {
			on(t, s, func() {})
		}
		return received.Load() == before
	})
	if n := received.Load(); n >= total || len(sent) > 0 {
		t.Fatalf("%d bytes were received, and the peer has read nothing", n)
	}
	if n := s.Buffered(); n > 400<<10 {
		t.Errorf("%d bytes unsent", n)
	}
	if n, err := io.CopyN(io.Discard, c, total); err != nil {
		t.Fatalf("read %d bytes, %v", n, err)
	}
	if n := next(t, "Resumed", resumed); n > 16<<10 {
		t.Errorf("resumed with %d bytes unsent", n)
	}
	socktest.Must(t, next(t, "the end of the write", sent))
}

// A program that ignores Paused is stopped by the hard bound.
func TestWriteLimit(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, _ := pair(t, p, protocol.Config{})
	block := make([]byte, 100_000)
	var limit *protocol.LimitError
	for range 1000 {
		if _, err := s.Write(block); err != nil {
			if !errors.As(err, &limit) || limit.Limit != 1<<20 || limit.Option != "WriteLimit" {
				t.Errorf("Write: %v, want a LimitError", err)
			}
			break
		}
	}
	if err := next(t, "Lost", p.lost); !errors.As(err, &limit) {
		t.Errorf("lost by %v, want a LimitError", err)
	}
	if _, err := s.Write(block); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after that: %v", err)
	}
}

// drains are the ways to wait for Drain. Each calls write until it returns false, and waits for
// Drain after each call. done gets the first error, or nil.
var drains = []struct {
	name string
	run  func(s *protocol.Transport, write func() bool, done chan<- error)
}{
	{"goroutine", func(s *protocol.Transport, write func() bool, done chan<- error) {
		go func() {
			for write() {
				if _, err := s.Drain().Wait(context.Background()); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}},
	{"task", func(s *protocol.Transport, write func() bool, done chan<- error) {
		s.Loop().Go(func(task *loop.Task) {
			for write() {
				if _, err := s.Drain().Await(task); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		})
	}},
	{"callback", func(s *protocol.Transport, write func() bool, done chan<- error) {
		var step func(struct{}, error)
		step = func(_ struct{}, err error) {
			if err != nil || !write() {
				done <- err
				return
			}
			s.Drain().Then(step)
		}
		s.Loop().Post(func() { step(struct{}{}, nil) })
	}},
}

// A producer that waits for Drain after each write never has more unsent than LowWater, and all of
// it arrives. When the connection is lost, the wait ends.
func TestDrain(t *testing.T) {
	for _, tt := range drains {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			p := newScript()
			s, c := pair(t, p, protocol.Config{})
			if _, err := s.Drain().Wait(t.Context()); err != nil {
				t.Errorf("with nothing unsent: %v", err)
			}
			const blocks, size = 200, 100_000
			read := make(chan int64, 1)
			go func() {
				n, _ := io.Copy(io.Discard, c)
				read <- n
			}()
			written := 0
			done := make(chan error, 1)
			tt.run(s, func() bool {
				if n := s.Buffered(); n > 16<<10 {
					t.Errorf("%d bytes unsent after Drain", n)
				}
				if written == blocks {
					return false
				}
				written++
				if _, err := s.Write(make([]byte, size)); err != nil {
					t.Error(err)
				}
				return true
			}, done)
			socktest.Must(t, next(t, "the producer's end", done))
			s.Close()
			if n := next(t, "the end", read); n != blocks*size {
				t.Errorf("%d bytes arrived, want %d", n, blocks*size)
			}
			if err := next(t, "Lost", p.lost); err != nil {
				t.Errorf("lost by %v, want nil", err)
			}
			if _, err := s.Drain().Wait(t.Context()); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Drain after the end: %v", err)
			}

			p = newScript()
			s, _ = pair(t, p, protocol.Config{WriteLimit: 64 << 20}) // its peer does not read
			waits := make(chan bool, 100)
			tt.run(s, func() bool {
				s.Write(make([]byte, 32<<20))
				waits <- true
				return true
			}, done)
			next(t, "the write", waits)
			s.Abort()
			if err := next(t, "the producer's end", done); !errors.Is(err, protocol.ErrAborted) && !errors.Is(err, net.ErrClosed) {
				t.Errorf("the wait of a connection that is lost: %v", err)
			}
			if err := next(t, "Lost", p.lost); !errors.Is(err, protocol.ErrAborted) {
				t.Errorf("lost by %v", err)
			}
		})
	}
}

// Goroutines write at once, and no write is torn apart.
func TestWritesFromManyGoroutines(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, c := pair(t, p, protocol.Config{WriteLimit: 64 << 20})
	const writers, lines = 8, 500
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			line := []byte(strings.Repeat(string(rune('a'+i)), 99) + "\n")
			for range lines {
				s.Write(line)
			}
		})
	}
	counts := make(map[byte]int)
	buf := make([]byte, 100)
	for range writers * lines {
		if _, err := io.ReadFull(c, buf); err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(buf, buf[:1]); n != 99 || buf[99] != '\n' {
			t.Fatalf("a torn line: %q", buf)
		}
		counts[buf[0]]++
	}
	wg.Wait()
	for b, n := range counts {
		if n != lines {
			t.Errorf("%d lines of %c", n, b)
		}
	}
}

// What Data leaves comes again, with Need only once enough is there; byte by byte, and beyond the
// loop's buffer.
func TestUnread(t *testing.T) {
	socktest.Check(t)
	for _, need := range []bool{false, true} {
		for _, size := range []int{10, 5000, 70_000, 300_000} {
			p := newScript()
			frames := make(chan int, 100)
			calls := 0
			p.data = func(t *protocol.Transport, b []byte) int {
				if calls++; len(b) < size {
					if need {
						t.Need(size)
					}
					return 0
				}
				for i, x := range b[:size] {
					if x != byte(i) {
						frames <- -i
						return len(b)
					}
				}
				frames <- size
				return size
			}
			s, c := pair(t, p, protocol.Config{})
			frame := make([]byte, size)
			for i := range frame {
				frame[i] = byte(i)
			}
			three := append(append(append([]byte{}, frame...), frame...), frame...)
			if size == 10 {
				for i := range three {
					c.Write(three[i : i+1])
				}
			} else {
				go c.Write(three)
			}
			for range 3 {
				if n := next(t, "a frame", frames); n != size {
					t.Fatalf("need %v, size %d: %d", need, size, n)
				}
			}
			on(t, s, func() {
				if len(s.Unread()) != 0 {
					t.Errorf("%d bytes are left", len(s.Unread()))
				}
				if need && calls > 3*(size/(64<<10)+3) {
					t.Errorf("%d calls for 3 frames of %d bytes", calls, size)
				}
			})
		}
	}
}

func TestReadLimit(t *testing.T) {
	socktest.Check(t)
	for _, tt := range []struct {
		name string
		data func(*protocol.Transport, []byte) int
	}{
		{"keeps all", func(_ *protocol.Transport, p []byte) int { return 0 }},
		{"needs too much", func(t *protocol.Transport, p []byte) int { t.Need(1 << 30); return 0 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newScript()
			p.data = tt.data
			_, c := pair(t, p, protocol.Config{ReadLimit: 1000})
			go c.Write(make([]byte, 2000))
			var limit *protocol.LimitError
			if err := next(t, "Lost", p.lost); !errors.As(err, &limit) || limit.Option != "ReadLimit" || limit.Limit != 1000 || limit.Size <= 1000 {
				t.Errorf("lost by %v, want a LimitError of ReadLimit", err)
			}
		})
	}
}

func TestPauseReading(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	got := make(chan string, 10)
	p.data = func(t *protocol.Transport, b []byte) int {
		got <- string(b)
		if b[0] == 'a' {
			t.PauseReading()
			t.PauseReading() // twice is once
			return 1
		}
		return len(b)
	}
	s, c := pair(t, p, protocol.Config{})
	c.Write([]byte("abc"))
	if g := next(t, "Data", got); g != "abc" {
		t.Errorf("%q", g)
	}
	c.Write([]byte("def"))
	for range 100 { // turns of the loop
		on(t, s, func() {})
	}
	if len(got) > 0 {
		t.Errorf("got %q while paused", <-got)
	}
	s.ResumeReading()
	all := next(t, "the rest", got)
	for len(all) < 5 {
		all += next(t, "the rest", got)
	}
	if all != "bcdef" {
		t.Errorf("%q", all)
	}
	c.Close()
	if err := next(t, "Lost", p.lost); err != nil {
		t.Errorf("lost by %v", err)
	}
}

func TestHalfClose(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	var all []byte
	p.data = func(_ *protocol.Transport, b []byte) int { all = append(all, b...); return len(b) }
	p.eof = func(t *protocol.Transport) { t.Write(bytes.ToUpper(all)); t.Close() }
	p.made = func(t *protocol.Transport) { t.WriteString("hello") }
	_, c := pair(t, p, protocol.Config{})
	c.Write([]byte("some words"))
	c.CloseWrite()
	if got, err := io.ReadAll(c); err != nil || string(got) != "helloSOME WORDS" {
		t.Errorf("%q, %v", got, err)
	}
	if err := next(t, "Lost", p.lost); err != nil {
		t.Errorf("lost by %v", err)
	}
}

// Our side ends first, and the peer goes on.
func TestCloseWrite(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	got := make(chan string, 10)
	p.data = func(_ *protocol.Transport, b []byte) int { got <- string(b); return len(b) }
	s, c := pair(t, p, protocol.Config{})
	s.WriteString("last words")
	s.CloseWrite()
	if _, err := s.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after CloseWrite: %v", err)
	}
	if b, err := io.ReadAll(c); err != nil || string(b) != "last words" {
		t.Errorf("%q, %v", b, err)
	}
	c.Write([]byte("still here"))
	if g := next(t, "Data", got); g != "still here" {
		t.Errorf("%q", g)
	}
	c.Close()
	if err := next(t, "Lost", p.lost); err != nil {
		t.Errorf("lost by %v", err)
	}
}

// Close sends what is unsent to a slow peer, and what the peer had sent before does not make a
// reset of it.
func TestCloseFlushes(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	const total = 8 << 20
	p.data = func(t *protocol.Transport, b []byte) int {
		t.Write(make([]byte, total))
		t.Close()
		t.Close() // twice is once
		return 1
	}
	s, c := pair(t, p, protocol.Config{})
	c.Write([]byte("a request, and more than was read"))
	socktest.Await(t, "the system's buffers to be full", func() bool { return s.Buffered() > 0 })
	if n, err := io.Copy(io.Discard, c); err != nil || n != total {
		t.Errorf("%d bytes, %v, want %d", n, err, total)
	}
	c.Close()
	if err := next(t, "Lost", p.lost); err != nil {
		t.Errorf("lost by %v", err)
	}
}

func TestCloseTimeout(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, _ := pair(t, p, protocol.Config{CloseTimeout: 50 * time.Millisecond})
	s.Write(make([]byte, 16<<20))
	s.Close()
	var timeout *protocol.TimeoutError
	if err := next(t, "Lost", p.lost); !errors.As(err, &timeout) || timeout.Option != "CloseTimeout" || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("lost by %v", err)
	}
}

func TestAbort(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, c := pair(t, p, protocol.Config{})
	s.Abort()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer reads %v, want ECONNRESET", err)
	}
	if err := next(t, "Lost", p.lost); err != protocol.ErrAborted {
		t.Errorf("lost by %v", err)
	}
	s.Abort()
	s.Close()
	s.ResumeReading()
}

// A connection is handed over in the middle of a call; what the call does not use goes along.
func TestUpgrade(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	type handed struct {
		s    *sock.Socket
		rest string
	}
	got := make(chan handed, 1)
	p.data = func(t *protocol.Transport, b []byte) int {
		t.WriteString("switching")
		t.Upgrade(func(s *sock.Socket, rest []byte) { got <- handed{s, string(rest)} })
		return 7
	}
	_, c := pair(t, p, protocol.Config{})
	c.Write([]byte("upgradeTHE REST"))
	h := next(t, "the socket", got)
	defer h.s.Close()
	if h.rest != "THE REST" {
		t.Errorf("the rest is %q", h.rest)
	}
	want(t, c, "switching")
	c.Write([]byte("more"))
	h.s.SetTimeout(socktest.Patience)
	if b, err := h.s.Recv(10, 0); err != nil || string(b) != "more" {
		t.Errorf("%q, %v", b, err)
	}
	_, err := h.s.Sendall([]byte("bye"), 0)
	socktest.Must(t, err)
	want(t, c, "bye")
	if len(p.lost) != 0 {
		t.Errorf("lost by %v", <-p.lost)
	}
}

// A connection goes round the loops while bytes arrive, and none is lost or comes twice.
func TestMove(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	var moves atomic.Int64
	r, err := loop.NewReactor(&loop.Config{Loops: 3})
	socktest.Must(t, err)
	defer r.Close()
	p.data = func(t *protocol.Transport, b []byte) int {
		loops := r.Loops()
		if m := int(moves.Add(1)); m%3 == 0 {
			if err := t.Move(loops[m/3%len(loops)]); err != nil {
				panic(err)
			}
		}
		n := max(1, len(b)/2)
		t.Write(b[:n])
		return n
	}
	server, at := serve(t, protocol.Config{Reactor: r, New: func(*protocol.Transport) protocol.Protocol { return p }})
	c := dial(t, at)
	s := next(t, "Made", p.conn)
	sent := make([]byte, 2<<20)
	for i := range sent {
		sent[i] = byte(i * 7 / 3)
	}
	go c.Write(sent)
	got := make([]byte, len(sent))
	if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if moves.Load() < 10 {
		t.Errorf("%d calls", moves.Load())
	}
	other, err := loop.New(nil)
	socktest.Must(t, err)
	defer other.Close()
	defer server.Close()
	var option *protocol.OptionError
	if err := s.Move(other); !errors.As(err, &option) {
		t.Errorf("Move to a strange loop: %v", err)
	}
	if st := server.Stats(); st.Connections != 1 {
		t.Errorf("%+v", st)
	}
}

// A protocol that panics loses its own connection, and no other.
func TestPanic(t *testing.T) {
	socktest.Check(t)
	for _, where := range []string{"Made", "Data", "EOF"} {
		p := newScript()
		explode := func(*protocol.Transport) { panic("a fault of the protocol") }
		switch where {
		case "Made":
			p.made = explode
		case "Data":
			p.data = func(t *protocol.Transport, b []byte) int { t.WriteString("never sent"); explode(t); return 0 }
		case "EOF":
			p.eof = explode
		}
		cfg := first(p)
		_, at := serve(t, cfg)
		c, other := dial(t, at), dial(t, at)
		if where != "Made" {
			next(t, "Made", p.conn)
		}
		c.Write([]byte("x"))
		if where == "EOF" {
			c.CloseWrite()
		}
		var failed *loop.PanicError
		if err := next(t, "Lost", p.lost); !errors.As(err, &failed) {
			t.Errorf("%s: lost by %v", where, err)
		}
		if b, _ := io.ReadAll(c); len(b) > 0 {
			t.Errorf("%s: %q", where, b)
		}
		other.Write([]byte("hello"))
		want(t, other, "hello")
	}
}

// Data must not use more than there is.
func TestDataError(t *testing.T) {
	socktest.Check(t)
	for _, n := range []int{-1, 1000} {
		p := newScript()
		p.data = func(*protocol.Transport, []byte) int { return n }
		_, c := pair(t, p, protocol.Config{})
		c.Write([]byte("abc"))
		var bad *protocol.DataError
		if err := next(t, "Lost", p.lost); !errors.As(err, &bad) || bad.Used != n || bad.Len != 3 {
			t.Errorf("lost by %v", err)
		}
	}
}

func TestAddressesAndAge(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, c := pair(t, p, protocol.Config{})
	if got := s.RemoteAddr().String(); got != c.LocalAddr().String() {
		t.Errorf("the peer is %s, want %s", got, c.LocalAddr())
	}
	if got := s.LocalAddr().String(); got != c.RemoteAddr().String() {
		t.Errorf("it is %s, want %s", got, c.RemoteAddr())
	}
	on(t, s, func() {
		if age := s.Age(); age < 0 || age > socktest.Patience {
			t.Errorf("age %v", age)
		}
	})
}

func TestSendFile(t *testing.T) {
	socktest.Check(t)
	name := t.TempDir() + "/file"
	content := bytes.Repeat([]byte("0123456789"), 300_000)
	socktest.Must(t, os.WriteFile(name, content, 0o600))
	p := newScript()
	var sent atomic.Int64
	p.data = func(t *protocol.Transport, b []byte) int {
		f, err := os.Open(name)
		if err != nil {
			panic(err)
		}
		t.WriteString("head")
		t.SendFile(f, 10, -1).Then(func(n int64, err error) {
			sent.Store(n)
			f.Close()
		})
		t.WriteString("tail")
		return len(b)
	}
	_, c := pair(t, p, protocol.Config{})
	for range 3 {
		c.Write([]byte("x"))
		want(t, c, "head")
		want(t, c, string(content[10:]))
		want(t, c, "tail")
	}
	socktest.Await(t, "the future", func() bool { return sent.Load() == int64(len(content)-10) })
}

// Wrong arguments of SendFile are errors that end nothing.
func TestSendFileOfNothing(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	results := make(chan error, 10)
	p.data = func(t *protocol.Transport, b []byte) int {
		file := strings.NewReader("file")
		for _, f := range []loop.Future[int64]{t.SendFile(nil, 0, -1), t.SendFile(file, -1, -1), t.SendFile(file, 0, -2), t.SendFile(file, 0, 0)} {
			f.Then(func(n int64, err error) { results <- err })
		}
		t.SendFile(file, 1, 2)
		return len(b)
	}
	_, c := pair(t, p, protocol.Config{})
	for range 2 {
		c.Write([]byte("x"))
		want(t, c, "il")
		for range 4 {
			var wrong *protocol.OptionError
			if err := <-results; !errors.As(err, &wrong) || !strings.Contains(err.Error(), "SendFile") {
				t.Errorf("%v, want an *OptionError", err)
			}
		}
	}
}

func TestWritev(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	p.data = func(t *protocol.Transport, b []byte) int {
		t.Write([]byte("0"))
		t.Writev([]byte("1"), nil, []byte("2"), bytes.Repeat([]byte("3"), 10_000))
		t.Writev()
		t.Write([]byte("4"))
		return len(b)
	}
	s, c := pair(t, p, protocol.Config{})
	c.Write([]byte("x"))
	want(t, c, "012"+strings.Repeat("3", 10_000)+"4")
	n, err := s.Writev([]byte("a"), []byte("bc"), bytes.Repeat([]byte("d"), 8<<20))
	if err != nil || n != 8<<20+3 {
		t.Errorf("%d, %v", n, err)
	}
	want(t, c, "abc"+strings.Repeat("d", 8<<20))
}

func TestShutdownCuts(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	p.shut = func(*protocol.Transport) {} // it does not care
	p.made = func(t *protocol.Transport) { t.Write(make([]byte, 1<<20)) }
	server, at := serve(t, protocol.Config{New: func(*protocol.Transport) protocol.Protocol { return p }})
	dial(t, at)
	next(t, "Made", p.conn)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	report, err := server.Shutdown(ctx)
	if !errors.Is(err, context.Canceled) || report.Cut != 1 {
		t.Errorf("%v, %v", report, err)
	}
	if err := next(t, "Lost", p.lost); err != protocol.ErrShutdown {
		t.Errorf("lost by %v", err)
	}
}

func TestBroadcast(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	server, at := serve(t, protocol.Config{Loops: 2, New: func(*protocol.Transport) protocol.Protocol { return p }})
	var peers []net.Conn
	for range 10 {
		peers = append(peers, dial(t, at))
		next(t, "Made", p.conn)
	}
	server.Broadcast([]byte("to all"))
	for _, c := range peers {
		want(t, c, "to all")
	}
}
