package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A result holds the figures of a run.
type result struct {
	o         *options
	at        endpoint
	conns     int
	length    time.Duration
	latencies *hdrhistogram.Histogram // of each message
	memory    int64                   // what the server needs for its connections; 0 or less: unknown
	failures  int64
	errs      []error // some of them
}

// write prints the table.
func (r *result) write(w io.Writer) {
	fmt.Fprintf(w, "%s on %s: %s connections, %s-byte messages, %s in flight each, %v\n\n", r.o.mode, r.at,
		grouped(int64(r.conns)), grouped(int64(r.o.size)), grouped(int64(r.o.depth)), r.length.Round(10*time.Millisecond))
	rate, p50, p99, p999, memory := "-", "-", "-", "-", "-"
	if n := r.latencies.TotalCount(); n > 0 {
		rate = grouped(int64(float64(n) / r.length.Seconds()))
		p50, p99, p999 = r.latency(50), r.latency(99), r.latency(99.9)
	}
	if r.memory > 0 && r.conns > 0 {
		memory = size(r.memory / int64(r.conns))
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "messages/s\tp50\tp99\tp99.9\terrors\tmemory/connection")
	fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", rate, p50, p99, p999, grouped(r.failures), memory)
	t.Flush()
	if n := r.latencies.TotalCount(); n > 0 {
		fmt.Fprintf(w, `
Each connection sends its next message when the one before is back: a closed loop, which is as fast as
it can be. So the latency is mostly the time in the queue, and p50 is near connections x in flight /
rate, here %s. -conns 1 shows the latency without a queue.
`, duration(int64(r.length)*int64(r.conns*r.o.depth)/n))
	}
	if r.memory > 0 && r.conns > 0 {
		fmt.Fprint(w, `
memory/connection is what the server's heap and stacks grew by, once each connection had echoed a
message and was idle again, without the kernel's buffers.
`)
	}
}

// err returns the first errors and the number of the others.
func (r *result) err() error {
	if r.failures == 0 {
		return nil
	}
	errs := r.errs
	if more := r.failures - int64(len(errs)); more > 0 {
		errs = append(errs, fmt.Errorf("and %s errors more", grouped(more)))
	}
	return errors.Join(errs...)
}

// latency returns the text of a percentile.
func (r *result) latency(percentile float64) string {
	return duration(r.latencies.ValueAtPercentile(percentile))
}

// duration returns the text of a time in nanoseconds, with three digits.
func duration(ns int64) string {
	d := time.Duration(ns)
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

// size returns the text of a number of bytes, with a unit.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// grouped returns n with a comma before each three digits. n must not be negative.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
