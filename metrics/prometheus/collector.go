// Package prometheus exports the counters of servers and clients of sock/protocol, and of their
// loops, to Prometheus. It is a module of its own, so that other programs do not depend on the
// library of Prometheus.
//
//	registry.MustRegister(prometheus.NewCollector("chat", server))
package prometheus

import (
	"errors"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/protocol"
)

// A Collector reads the figures of a Source when Prometheus asks, and costs nothing in between. It
// is a prometheus.Collector.
type Collector struct {
	source protocol.Source

	connections, buffered                            *prometheus.Desc
	accepted, refused, received, sent                *prometheus.Desc
	descriptors, timers, tasks                       *prometheus.Desc
	turns, events, calls, asleep, atWork, stuck, lag *prometheus.Desc
}

var _ prometheus.Collector = (*Collector)(nil)

// NewCollector makes a collector for a server or a client. name is the value of the label "name" of
// all its metrics. Give each source of a process another name. Bytes that are no UTF-8 become
// U+FFFD, because Prometheus refuses them. With a nil source each collection fails with an error.
func NewCollector(name string, source protocol.Source) *Collector {
	constant := prometheus.Labels{"name": strings.ToValidUTF8(name, "\uFFFD")}
	of := func(what, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("pollux_"+what, help, labels, constant)
	}
	return &Collector{
		source:      source,
		connections: of("connections", "Open connections."),
		buffered:    of("buffered_bytes", "Bytes that the program has written and the system has not taken."),
		accepted:    of("accepted_total", "Connections that were accepted."),
		refused:     of("refused_total", "Connections that were refused because MaxConns or the limit of descriptors was reached."),
		received:    of("received_bytes_total", "Bytes received."),
		sent:        of("sent_bytes_total", "Bytes sent."),
		descriptors: of("loop_descriptors", "Descriptors registered with a loop.", "loop"),
		timers:      of("loop_timers", "Running timers.", "loop"),
		tasks:       of("loop_tasks", "Tasks begun and not ended.", "loop"),
		turns:       of("loop_turns_total", "Turns of a loop.", "loop"),
		events:      of("loop_events_total", "Events served.", "loop"),
		calls:       of("loop_calls_total", "Functions run and tasks resumed.", "loop"),
		asleep:      of("loop_asleep_seconds_total", "Time in waits.", "loop"),
		atWork:      of("loop_work_seconds_total", "Time between waits.", "loop"),
		stuck:       of("loop_stuck_total", "Callbacks and tasks that held up their loop.", "loop"),
		lag:         of("loop_lag_seconds", "For each turn, the longest time that ready work waited in it.", "loop"),
	}
}

// Describe is for the registry.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect is for the registry.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	if c.source == nil {
		ch <- prometheus.NewInvalidMetric(c.connections, errNoSource)
		return
	}
	st := c.source.Stats()
	gauge(c.connections, float64(st.Connections))
	gauge(c.buffered, float64(st.Buffered))
	counter(c.accepted, float64(st.Accepted))
	counter(c.refused, float64(st.Refused))
	counter(c.received, float64(st.Received))
	counter(c.sent, float64(st.Sent))
	reactor := c.source.Reactor()
	if reactor == nil {
		return // a zero Server or Client has no loops
	}
	for i, l := range reactor.Loops() {
		n, st := strconv.Itoa(i), l.Stats()
		gauge(c.descriptors, float64(st.Descriptors), n)
		gauge(c.timers, float64(st.Timers), n)
		gauge(c.tasks, float64(st.Tasks), n)
		counter(c.turns, float64(st.Turns), n)
		counter(c.events, float64(st.Events), n)
		counter(c.calls, float64(st.Calls), n)
		counter(c.asleep, st.Asleep.Seconds(), n)
		counter(c.atWork, st.AtWork.Seconds(), n)
		counter(c.stuck, float64(st.Stuck), n)
		ch <- prometheus.MustNewConstHistogram(c.lag, st.Lag.Total(), st.Lag.Sum.Seconds(), buckets(st.Lag), n)
	}
}

var errNoSource = errors.New("NewCollector: source is nil: must be a server or a client")

// buckets returns the counts of a histogram as Prometheus has them: each with all below it.
func buckets(h loop.Histogram) map[float64]uint64 {
	all, sum := make(map[float64]uint64, len(h.Counts)), uint64(0)
	for i, n := range h.Counts {
		sum += n
		if bound := h.Bound(i); bound >= 0 {
			all[bound.Seconds()] = sum
		}
	}
	return all
}
