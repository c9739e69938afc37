package protocol

import (
	"encoding/json"

	"github.com/polluxio/pollux/loop"
)

// Stats counts what a Server or a Client has and had. Received and Sent are bytes of its
// transports, not of tasks.
type Stats struct {
	Connections int    // that are there, or about to be
	Accepted    uint64 // connections, ever; with those that were refused by MaxConns
	Refused     uint64 // by MaxConns, and while descriptors had run out
	Received    uint64 // bytes, ever
	Sent        uint64 // bytes that the system has taken, ever
	Buffered    int64  // bytes that are written and unsent
}

// Stats reads the counters. It stops nothing, and takes no lock.
func (hb *hub) Stats() (st Stats) {
	for _, h := range hb.homes {
		st.Connections += int(h.conns.Load())
		st.Received += h.received.Load()
		st.Sent += h.sent.Load()
		st.Buffered += h.buffered.Load()
	}
	return st
}

// Stats reads the counters. It stops nothing, and takes no lock.
func (s *Server) Stats() Stats {
	st := s.hub.Stats()
	st.Accepted, st.Refused = s.accepted.Load(), s.refused.Load()
	return st
}

// A Source has figures: a Server, a Client.
type Source interface {
	Stats() Stats
	Reactor() *loop.Reactor
}

var _, _ Source = (*Server)(nil), (*Client)(nil)

// A Var shows the figures of a Source as JSON. It is an expvar.Var, though this package does not
// import expvar, and net/http with it:
//
//	expvar.Publish("chat", protocol.Var{Source: server})
type Var struct{ Source Source }

// String reads the figures: those of the connections, and those of each loop.
func (v Var) String() string {
	all := struct {
		Stats
		Loops []loop.Stats
	}{Stats: v.Source.Stats()}
	for _, l := range v.Source.Reactor().Loops() {
		all.Loops = append(all.Loops, l.Stats())
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "null"
	}
	return string(text)
}
