// Traceroute prints the routers on the way to a host, without privileges. It sends UDP datagrams
// that may pass one router, two, and so on, to a port on which no program listens. The router that
// drops a datagram reports that by ICMP, and Linux puts the report into the error queue of the
// socket.
//
//	$ go run ./examples/traceroute 10.77.2.1
//	 1  10.77.1.2  0.080 ms
//	 2  10.77.2.1  0.104 ms
//
// It runs on Linux, with IPv4 and IPv6.
//
// Needs: Linux.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"
	"time"

	"github.com/polluxio/pollux/sock"
)

const (
	mostHops  = 30
	firstPort = 33434 // by custom, a port on which no program listens
	patience  = time.Second
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: traceroute HOST")
	}
	found, err := sock.Getaddrinfo(context.Background(), os.Args[1], "", &sock.Hints{Type: sock.SOCK_DGRAM})
	check(err)
	host := found[0].Addr.Host()
	to := func(port int) sock.Addr { return sock.Inet(host, port) }
	if found[0].Family == sock.AF_INET6 {
		to = func(port int) sock.Addr { return sock.Inet6(host, port) }
	}
	s, err := sock.New(found[0].Family, sock.SOCK_DGRAM, 0)
	check(err)
	defer s.Close()
	check(s.SetRecvErr(true))
	check(s.SetTimeout(patience))
	for hop := 1; hop <= mostHops; hop++ {
		// Each probe has its own port, so that a late answer to another probe is not taken for this
		// one.
		answer, took, err := probe(s, to(firstPort+hop), hop)
		text, end := line(answer, took, err)
		fmt.Printf("%2d  %s\n", hop, text)
		if end && err != nil {
			os.Exit(1)
		}
		if end {
			return
		}
	}
}

// probe sends a datagram that may pass hop-1 routers, and returns the answer and its time.
func probe(s *sock.Socket, to sock.Addr, hop int) (sock.QueuedError, time.Duration, error) {
	limit := sock.TTL(hop).Control()
	if s.Family() == sock.AF_INET6 {
		limit = sock.HopLimit(hop).Control()
	}
	began := time.Now()
	if _, err := s.Sendmsg([][]byte{[]byte("probe")}, []sock.Control{limit}, 0, to); err != nil {
		return sock.QueuedError{}, 0, err
	}
	for {
		m, err := s.RecvError(nil)
		if err != nil || m.To == to {
			return m.Err, time.Since(began), err
		}
	}
}

// ICMP has other numbers in IPv6: RFC 792, RFC 4443.
const (
	timeExceeded  = 11
	timeExceeded6 = 3
)

// line returns the text for a hop. end is true if no hop follows: the host has answered, or no
// further host can be reached.
func line(e sock.QueuedError, took time.Duration, err error) (text string, end bool) {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "*", false
	case err != nil:
		return err.Error(), true
	}
	text = fmt.Sprintf("%s  %.3f ms", e.Offender.Host(), float64(took)/float64(time.Millisecond))
	switch {
	case e.Origin == sock.SO_EE_ORIGIN_ICMP && e.Type == timeExceeded, e.Origin == sock.SO_EE_ORIGIN_ICMP6 && e.Type == timeExceeded6:
		return text, false
	case errors.Is(e, syscall.ECONNREFUSED): // no program listens on that port: this is the host
		return text, true
	}
	return text + "  " + e.Errno.Error(), true
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
