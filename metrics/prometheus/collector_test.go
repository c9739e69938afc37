package prometheus_test

import (
	"net"
	"strings"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"

	"github.com/polluxio/pollux/metrics/prometheus"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
)

type echo struct{ protocol.Base }

func (echo) Data(t *protocol.Transport, p []byte) int { t.Write(p); return len(p) }

func TestCollector(t *testing.T) {
	s, err := protocol.NewServer(&protocol.Config{Loops: 2, New: func(*protocol.Transport) protocol.Protocol { return echo{} }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at, err := s.Listen(sock.Inet("127.0.0.1", 0))
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	c.Write([]byte("hello"))
	if _, err := c.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	r := client.NewPedanticRegistry() // it checks that all is consistent
	r.MustRegister(prometheus.NewCollector("test", s))
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()] += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{"pollux_connections": 1, "pollux_accepted_total": 1, "pollux_received_bytes_total": 5,
		"pollux_sent_bytes_total": 5, "pollux_loop_descriptors": 2, "pollux_buffered_bytes": 0, "pollux_loop_stuck_total": 0} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	for _, name := range []string{"pollux_loop_turns_total", "pollux_loop_lag_seconds", "pollux_loop_asleep_seconds_total"} {
		if got[name] <= 0 {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	for name := range got {
		if !strings.HasPrefix(name, "pollux_") {
			t.Errorf("a figure named %s", name)
		}
	}
}

// A collector without a source, of a zero server and with an odd name does not panic.
func TestOddSources(t *testing.T) {
	s, err := protocol.NewServer(&protocol.Config{Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, tt := range map[string]struct {
		source protocol.Source
		fails  bool
	}{"none": {nil, true}, "zero server": {new(protocol.Server), false}, "zero client": {new(protocol.Client), false}, "\xff": {s, false}} {
		r := client.NewPedanticRegistry()
		if err := r.Register(prometheus.NewCollector(name, tt.source)); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if families, err := r.Gather(); (err != nil) != tt.fails || !tt.fails && len(families) == 0 {
			t.Errorf("%q: %d families, %v", name, len(families), err)
		}
	}
}
