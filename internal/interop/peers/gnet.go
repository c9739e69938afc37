package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/evanphx/wildcat"
	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// serveGnet has the shape of gnet's own example of HTTP: level-triggered, a parser for each
// connection, the answers of all requests that are there in one Write, and a date that a ticker
// keeps.
func serveGnet() error {
	return gnet.Run(new(web), "tcp://127.0.0.1:0", gnet.WithNumEventLoop(processors()), gnet.WithTicker(true), gnet.WithLogger(silent{}))
}

type web struct {
	gnet.BuiltinEventEngine
	date atomic.Value // string
}

var contentLength = []byte("Content-Length")

// A codec is what a connection keeps.
type codec struct {
	parser *wildcat.HTTPParser
	out    []byte
}

func (w *web) OnBoot(eng gnet.Engine) gnet.Action {
	w.OnTick()
	fd, err := eng.Dup()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gnet:", err)
		return gnet.Shutdown
	}
	defer unix.Close(fd)
	sa, err := unix.Getsockname(fd)
	in, ok := sa.(*unix.SockaddrInet4)
	if err != nil || !ok {
		fmt.Fprintf(os.Stderr, "gnet: listening on %T: %v\n", sa, err)
		return gnet.Shutdown
	}
	announce(net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port))))
	return gnet.None
}

func (w *web) OnTick() (time.Duration, gnet.Action) {
	w.date.Store(time.Now().UTC().Format(http.TimeFormat))
	return time.Second, gnet.None
}

func (w *web) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	c.SetContext(&codec{parser: wildcat.NewHTTPParser()})
	return nil, gnet.None
}

func (w *web) OnTraffic(c gnet.Conn) gnet.Action {
	co := c.Context().(*codec)
	p, err := c.Peek(-1)
	if err != nil {
		return gnet.Close
	}
	rest := p
	for len(rest) > 0 {
		n, err := co.parser.Parse(rest)
		if err == wildcat.ErrMissingData {
			break
		}
		if err != nil {
			return gnet.Close
		}
		if v := co.parser.FindHeader(contentLength); v != nil {
			size, err := strconv.ParseUint(string(v), 10, 20)
			if err != nil {
				return gnet.Close
			}
			n += int(size)
		}
		if len(rest) < n {
			break
		}
		rest = rest[n:]
		path := co.parser.Path
		co.out = append(co.out, "HTTP/1.1 200 OK\r\nServer: gnet\r\nContent-Type: text/plain\r\nDate: "...)
		co.out = append(co.out, w.date.Load().(string)...)
		co.out = append(co.out, "\r\nContent-Length: "...)
		co.out = append(strconv.AppendInt(co.out, int64(len(path)), 10), "\r\n\r\n"...)
		co.out = append(co.out, path...)
	}
	if len(co.out) > 0 {
		if _, err := c.Write(co.out); err != nil {
			return gnet.Close
		}
		co.out = co.out[:0]
	}
	if _, err := c.Discard(len(p) - len(rest)); err != nil {
		return gnet.Close
	}
	return gnet.None
}

// silent is a gnet logger that says nothing.
type silent struct{}

func (silent) Debugf(string, ...any) {}
func (silent) Infof(string, ...any)  {}
func (silent) Warnf(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}
