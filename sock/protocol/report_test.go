package protocol_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// The report of a Shutdown includes the connections that a Close has cut meanwhile, and their
// unsent bytes. When one of the calls returns, the loops of the server have ended.
func TestReportOfShutdownAndClose(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	told := make(chan bool, 1)
	p.shut = func(*protocol.Transport) { told <- true } // and it goes on
	s, err := protocol.NewServer(new(each(p)))
	socktest.Must(t, err)
	at, err := s.Listen(sock.Inet("127.0.0.1", 0))
	socktest.Must(t, err)
	dial(t, at.String())
	c := next(t, "Made", p.conn)
	_, err = c.Write(make([]byte, 16<<20))
	socktest.Must(t, err)
	unsent := c.Buffered()
	type result struct {
		protocol.Report
		err error
	}
	done := make(chan result, 1)
	go func() {
		r, err := s.Shutdown(patience(t))
		done <- result{r, err}
	}()
	next(t, "Shutdown of the protocol", told)
	socktest.Must(t, s.Close())
	for _, l := range s.Reactor().Loops() {
		if err := l.Post(func() {}); err == nil {
			t.Error("Close has returned, and a loop of the server takes functions")
		}
	}
	r := next(t, "the end of Shutdown", done)
	if r.err != nil || r.Cut != 1 || r.Ended != 0 || unsent == 0 || r.Unsent != unsent {
		t.Errorf("%v, %v, want one cut with %d bytes unsent", r.Report, r.err, unsent)
	}
}

// Adopt goes beyond MaxConns, and what it has adopted counts for the connections that come later.
func TestAdoptAndMaxConns(t *testing.T) {
	socktest.Check(t)
	cfg := each(echo{})
	cfg.MaxConns = 1
	s, at := serve(t, cfg)
	for range 2 {
		a, b, err := sock.Pair(-1, -1, -1)
		socktest.Must(t, err)
		defer b.Close()
		_, err = s.Adopt(a, nil)
		socktest.Must(t, err)
	}
	if _, err := dial(t, at).Read(make([]byte, 1)); err == nil || s.Stats().Refused != 1 {
		t.Errorf("%v, %+v", err, s.Stats())
	}
}
