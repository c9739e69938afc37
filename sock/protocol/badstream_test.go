package protocol_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// breaks panics, or ends its goroutine.
func breaks(how string) {
	if how == "Goexit" {
		runtime.Goexit()
	}
	panic("a fault")
}

// A badStream passes bytes on unchanged. One of its methods panics.
type badStream struct {
	s   *sock.Socket
	in  string
	how string
}

func (b *badStream) fail(method string) {
	if b.in == method {
		breaks(b.how)
	}
}

func (b *badStream) WatchReady(l *loop.Loop, w loop.Watcher) error {
	b.fail("WatchReady")
	if err := b.s.WatchReady(l, w); err != nil {
		return err
	}
	b.s.CallWatcher()
	return nil
}

func (b *badStream) Read(p []byte) (int, error) {
	b.fail("Read")
	n, err := b.s.RecvInto(p, 0)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

func (b *badStream) Write(p []byte) (int, error) { b.fail("Write"); return b.s.Sendall(p, 0) }
func (b *badStream) CloseWrite() error           { b.fail("CloseWrite"); return nil }
func (b *badStream) UnwatchReady()               { b.s.Unwatch() }
func (b *badStream) Pending() bool               { return false }

// A panic or runtime.Goexit of the function that makes a Stream, and a panic of the Stream, end
// their own connection. The others of its loop go on, and the server can be shut down.
func TestBadStreams(t *testing.T) {
	for _, tt := range []struct{ in, how string }{
		{"Secure", "panic"}, {"Secure", "Goexit"}, {"WatchReady", "panic"}, {"WatchReady", "Goexit"},
		{"Read", "panic"}, {"Read", "Goexit"}, {"Write", "panic"}, {"CloseWrite", "panic"},
	} {
		t.Run(fmt.Sprint(tt.in, " ", tt.how), func(t *testing.T) {
			socktest.Check(t)
			p := newScript()
			p.data = func(t *protocol.Transport, b []byte) int {
				t.Write(b)
				t.CloseWrite()
				return len(b)
			}
			cfg := first(p)
			s, err := protocol.NewServer(&cfg)
			socktest.Must(t, err)
			defer s.Close()
			at, err := s.Listen(sock.Inet("127.0.0.1", 0))
			socktest.Must(t, err)
			c := dial(t, at.String())
			tr := next(t, "Made", p.conn)
			other := dial(t, at.String())
			socktest.Must(t, tr.Secure(func(s *sock.Socket) (protocol.Stream, error) {
				b := &badStream{s: s, in: tt.in, how: tt.how}
				b.fail("Secure")
				return b, nil
			}))
			socktest.Await(t, "the Stream", func() bool { return tr.Stream() != nil || len(p.lost) > 0 })
			c.Write([]byte("x"))
			err = next(t, "Lost", p.lost)
			var panicked *loop.PanicError
			if is := errors.As(err, &panicked); err == nil || is != (tt.how == "panic") {
				t.Errorf("lost by %v", err)
			}
			other.Write([]byte("hello"))
			want(t, other, "hello")
			other.CloseWrite()
			report, err := s.Shutdown(patience(t))
			if err != nil || report.Cut != 0 {
				t.Errorf("%v, %v", report, err)
			}
		})
	}
}

// A badFile is a file whose Read does not return.
type badFile string

func (f badFile) Read([]byte) (int, error) { breaks(string(f)); return 0, nil }

// A panic or runtime.Goexit in the Read of a file ends the connection and not the process.
func TestBadFiles(t *testing.T) {
	tlsConfigs()
	for _, how := range []string{"panic", "Goexit"} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s secure=%v", how, secure), func(t *testing.T) {
				socktest.Check(t)
				p := newScript()
				cfg := protocol.Config{Loops: 1, Loop: quiet(), New: func(*protocol.Transport) protocol.Protocol { return p }}
				if secure {
					cfg.Secure = secureServer(tlsconn.Standard)
				}
				_, at := serve(t, cfg)
				if secure {
					dialTLS(t, at)
				} else {
					dial(t, at)
				}
				tr := next(t, "Made", p.conn)
				f := tr.SendFile(badFile(how), 0, -1)
				done := make(chan error, 1)
				go func() {
					_, err := f.Wait(context.Background())
					done <- err
				}()
				err := next(t, "the end of SendFile", done)
				lost := next(t, "Lost", p.lost)
				var panicked *loop.PanicError
				if is := errors.As(err, &panicked) && errors.As(lost, &panicked); err == nil || lost == nil || is != (how == "panic") {
					t.Errorf("SendFile returned %v, the connection was lost by %v", err, lost)
				}
			})
		}
	}
}
