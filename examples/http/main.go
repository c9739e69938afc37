// Http is an HTTP/1.1 server (RFC 9112) with keep-alive and pipelining: it answers with the path.
//
//	$ go run ./examples/http 127.0.0.1:8080
//	$ wrk -c 100 -d 5 http://127.0.0.1:8080/hello
package main

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
)

// A request is a decoder. A frame is the head of a request and its body, whose length is in
// Content-Length.
type request struct{}

var (
	errHead   = errors.New("http: a head of more than 8 KiB, or a body of more than 1 MiB")
	errLength = errors.New("http: Content-Length is not a number, or the request has a transfer coding, which this server does not support")
)

func (request) Decode(p []byte) (frame []byte, used, need int, err error) {
	head := bytes.Index(p[:min(len(p), 8<<10)], []byte("\r\n\r\n"))
	switch {
	case head < 0 && len(p) >= 8<<10:
		return nil, 0, 0, errHead
	case head < 0:
		return nil, 0, 0, nil
	}
	end := head + 4
	if header(p[:head], "transfer-encoding") != nil {
		return nil, 0, 0, errLength
	}
	if v := header(p[:head], "content-length"); v != nil {
		n, err := strconv.ParseUint(string(v), 10, 20)
		if err != nil {
			return nil, 0, 0, errLength
		}
		end += int(n)
	}
	if len(p) < end {
		return nil, 0, end, nil
	}
	return p[:end], end, 0, nil
}

// header returns the value of a field, or nil. name must be in lower case.
func header(head []byte, name string) []byte {
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte("\r\n"))
		if head = rest; len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return bytes.TrimSpace(line[len(name)+1:])
		}
	}
	return nil
}

// web serves all connections. It keeps no data about any of them.
type web struct{ protocol.Base }

func (w web) Data(t *protocol.Transport, p []byte) int { return protocol.Frames(t, p, request{}, w) }
func (web) Frame(t *protocol.Transport, p []byte) {
	line, rest, _ := bytes.Cut(p, []byte("\r\n"))
	words := bytes.SplitN(line, []byte(" "), 3)
	if len(words) != 3 || !bytes.HasPrefix(words[2], []byte("HTTP/1.")) {
		t.WriteString("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		t.Close()
		return
	}
	path, option := words[1], header(rest, "connection")
	b := append(make([]byte, 0, 256), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "...)
	b = append(strconv.AppendInt(b, int64(len(path)), 10), "\r\n\r\n"...)
	t.Write(append(b, path...))
	if bytes.EqualFold(option, []byte("close")) || words[2][7] == '0' && !bytes.EqualFold(option, []byte("keep-alive")) {
		t.Close()
	}
}

func main() {
	at := netip.MustParseAddrPort(append(os.Args, "127.0.0.1:8080")[1])
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
