package prometheus_test

import (
	"fmt"
	"log"

	client "github.com/prometheus/client_golang/prometheus"

	"github.com/polluxio/pollux/metrics/prometheus"
	"github.com/polluxio/pollux/sock/protocol"
)

// A server's figures in a registry, which promhttp shows to Prometheus.
func ExampleCollector() {
	s, err := protocol.NewServer(&protocol.Config{Loops: 1, New: func(*protocol.Transport) protocol.Protocol { return echo{} }})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	r := client.NewRegistry()
	r.MustRegister(prometheus.NewCollector("echo", s))
	families, err := r.Gather()
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "pollux_connections" {
			fmt.Println(f.GetName(), f.GetMetric()[0].GetGauge().GetValue())
		}
	}
	// Output: pollux_connections 0
}
