package protocol

import (
	"encoding/json"

	"github.com/polluxio/pollux/loop"
)

// Stats has the counters of a Server or a Client. Received and Sent do not include the bytes of
// tasks.
type Stats struct {
	Connections int    // that are there, or about to be
	Accepted    uint64 // connections, ever; with those that were refused by MaxConns
	Refused     uint64 // by MaxConns, and while descriptors had run out
	Received    uint64 // bytes, ever
	Sent        uint64 // bytes that the system has taken, ever
	Buffered    int64  // bytes that are written and unsent
}

// Stats returns the present values of the counters. It stops no loop and takes no lock.
func (hb *hub) Stats() (st Stats) {
	if hb == nil {
		return st
	}
	for _, h := range hb.homes {
		st.Connections += int(h.conns.Load())
		st.Received += h.received.Load()
		st.Sent += h.sent.Load()
		st.Buffered += h.buffered.Load()
	}
	return st
}

// Stats returns the present values of the counters. It stops no loop and takes no lock.
func (s *Server) Stats() Stats {
	st := s.hub.Stats()
	st.Accepted, st.Refused = s.accepted.Load(), s.refused.Load()
	return st
}

// A Source has counters and loops. A Server is a Source, and so is a Client.
type Source interface {
	Stats() Stats
	Reactor() *loop.Reactor
}

var _, _ Source = (*Server)(nil), (*Client)(nil)

// A Var shows the figures of a Source as JSON. It is an expvar.Var, although this package imports
// neither expvar nor net/http:
//
//	expvar.Publish("chat", protocol.Var{Source: server})
type Var struct{ Source Source }

// String returns the present figures as JSON: those of the connections, and those of each loop. The
// zero Var is null.
func (v Var) String() string {
	if v.Source == nil {
		return "null"
	}
	all := struct {
		Stats
		Loops []loop.Stats
	}{Stats: v.Source.Stats()}
	if r := v.Source.Reactor(); r != nil { // a zero Server or Client has no loops
		for _, l := range r.Loops() {
			all.Loops = append(all.Loops, l.Stats())
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "null"
	}
	return string(text)
}
