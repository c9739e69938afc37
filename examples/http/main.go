// Http is an HTTP/1.1 server (RFC 9112) with keep-alive and pipelining: it answers with the path.
//
//	$ go run ./examples/http 127.0.0.1:8080
//	$ wrk -c 100 -d 5 http://127.0.0.1:8080/hello
//
// Needs: any system.
package main

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/protocol/http1"
)

// web serves all connections. It keeps no data about any of them.
type web struct{ protocol.Base }

func (web) Data(t *protocol.Transport, p []byte) (used int) {
	for used < len(p) {
		r, size, err := http1.Limits{}.Parse(p[used:])
		switch {
		case err != nil:
			return refuse(t, p, err)
		case size > len(p)-used:
			if _, waits := r.Field("Expect"); waits && !r.HTTP10 { // for our consent (RFC 9110, 10.1.1)
				t.WriteString("HTTP/1.1 100 Continue\r\n\r\n")
			}
			t.Need(size) // the rest of the body
			return used
		case size == 0:
			return used
		}
		used += size
		end := "\r\n\r\n"
		if r.Last {
			end = "\r\nConnection: close\r\n\r\n"
		} else if r.HTTP10 {
			end = "\r\nConnection: keep-alive\r\n\r\n"
		}
		b := append(t.AvailableBuffer(), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: "...)
		b = append(append(b, date.Load().(string)...), "\r\nContent-Length: "...)
		b = append(strconv.AppendInt(b, int64(len(r.Target)), 10), end...)
		if string(r.Method) != "HEAD" {
			b = append(b, r.Target...)
		}
		t.Write(b)
		if r.Last {
			t.Close()
			return len(p)
		}
	}
	return used
}

// refuse answers what is no request, and ends the connection.
func refuse(t *protocol.Transport, p []byte, err error) (used int) {
	status := "400 Bad Request"
	if e, ok := errors.AsType[*http1.StatusError](err); ok {
		status = e.Status()
	}
	t.WriteString("HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	t.Close()
	return len(p)
}

// date is the time of an answer: a string, of which a second is exact enough (RFC 9110, 6.6.1).
var date atomic.Value

func keepTime() {
	date.Store(time.Now().UTC().Format(http.TimeFormat))
	time.AfterFunc(time.Second, keepTime)
}

func main() {
	at := netip.MustParseAddrPort(append(os.Args, "127.0.0.1:8080")[1])
	keepTime()
	s, err := protocol.NewServer(&protocol.Config{New: func(*protocol.Transport) protocol.Protocol { return web{} }, IdleTimeout: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	bound, err := s.Listen(sock.Inet(at.Addr().String(), int(at.Port())))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", bound)
	select {}
}
