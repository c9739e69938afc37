package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/polluxio/pollux/sock/netconn"
)

// The servers of "bench http". All answer with the path of the request, and with a date.
const (
	implExample     = "pollux" // the program in examples, as it is
	implHTTPNet     = "http-net"
	implHTTPNetconn = "http-netconn"
	implFastNet     = "fasthttp-net"
	implFastNetconn = "fasthttp-netconn"
)

// peerPrograms is the folder of a program whose module has the libraries that the main one lacks.
const peerPrograms = "internal/interop/peers"

var httpSuite = suite{
	Name:  "http",
	About: "HTTP/1.1: CPU per request of examples/http, net/http and fasthttp, on package net and on netconn",
	Order: 50,
	Impls: []impl{
		{Name: implExample, Package: "examples/http", Args: []string{"127.0.0.1:0"}},
		{Name: peerGnet, Package: peerPrograms, Args: []string{"gnet-http"}},
		{Name: implFastNet, Package: peerPrograms, Args: []string{implFastNet}},
		{Name: implFastNetconn, Package: peerPrograms, Args: []string{implFastNetconn}},
		{Name: implHTTPNet, Serve: serveHTTP(net.Listen)},
		{Name: implHTTPNetconn, Serve: serveHTTP(netconn.Listen)},
	},
	Scenarios: []scenario{httpScenario(1), httpScenario(16)},
	Peers:     []string{peerGnet, implFastNet, implHTTPNet},
	Targets:   httpTargets,
	Charts:    exchangeCharts("HTTP/1.1, 100 connections", []int{1, 2}, "100x1", "100x16"),
	Planned:   50 * time.Second,
	Procs:     []int{1, 2},
	Cycles:    7,
}

func init() { addSuite(&httpSuite) }

// httpPath is what all requests ask for.
const httpPath = "/plaintext"

func httpScenario(depth int) scenario {
	return scenario{Name: fmt.Sprintf("100x%d", depth), Text: fmt.Sprintf("100 connections, %d requests pipelined on each", depth),
		Kind: kindExchange, Unit: "req", Conns: 100, Depth: depth, Syscalls: true,
		Exchange: exchange{Request: "GET " + httpPath + " HTTP/1.1\r\nHost: bench\r\n\r\n",
			Begin: "HTTP/1.1 200 OK\r\n", End: "\r\n\r\n" + httpPath}}
}

func httpTargets() (list []target) {
	for _, procs := range []int{1, 2} {
		for _, load := range []string{"100x1", "100x16"} {
			list = append(list,
				cpuTarget(implExample, peerGnet, load, procs, 0.90),
				cpuTarget(implExample, implFastNet, load, procs, 0.90),
				cpuTarget(implExample, implHTTPNet, load, procs, 0.60),
				cpuTarget(implFastNetconn, implFastNet, load, procs, 0.95))
		}
		// Pipelined requests are of no use to net/http, which answers each by a write of its own.
		list = append(list, cpuTarget(implHTTPNetconn, implHTTPNet, "100x1", procs, 0.95),
			cpuTarget(implHTTPNetconn, implHTTPNet, "100x16", procs, 0.95).as(noBound))
	}
	return list
}

// exchangeCharts is a picture of the CPU in some scenarios for each GOMAXPROCS.
func exchangeCharts(title string, procs []int, scenarios ...string) func(*report) []*chart {
	return func(r *report) []*chart {
		var list []*chart
		for _, procs := range procs {
			c := &chart{Title: fmt.Sprintf("%s, GOMAXPROCS=%d", title, procs), Unit: "us", Text: "CPU of the server. Less is better."}
			list = append(list, c.fill(r, procs, scenarios, scenarios, func(s *serverResult) float64 { return s.CPU.Median }))
		}
		return list
	}
}

// serveHTTP serves with net/http on a listener.
func serveHTTP[L net.Listener](listen func(network, address string) (L, error)) func(serveConfig) error {
	return func(cfg serveConfig) error {
		l, err := listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		cfg.Announce(l.Addr())
		return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = plainText
			io.WriteString(w, r.URL.Path) // the server notices what has become of the connection
		}))
	}
}

var plainText = []string{"text/plain"}
