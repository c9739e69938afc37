package protocol_test

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// serveLines starts a server of lines.
func serveLines(cfg protocol.Config) (*protocol.Server, sock.Addr) {
	if cfg.New == nil {
		cfg.New = func(*protocol.Transport) protocol.Protocol { return shouter{} }
	}
	s, err := protocol.NewServer(&cfg)
	if err != nil {
		log.Fatal(err)
	}
	at, err := s.Listen(sock.Inet("127.0.0.1", 0))
	if err != nil {
		log.Fatal(err)
	}
	return s, at
}

// An asker is the client's protocol: it asks one question, and passes the answer on.
type asker struct {
	protocol.Base
	answer chan string
}

func (a asker) Made(t *protocol.Transport) { t.WriteString("hello\n") }

func (a asker) Data(t *protocol.Transport, p []byte) int {
	return protocol.Frames(t, p, protocol.Line{}, a)
}

var _ protocol.FrameHandler = asker{}

func (a asker) Frame(t *protocol.Transport, line []byte) {
	a.answer <- string(line)
	t.Close()
}

// A Client makes any number of connections. Dial does not wait: the result is a future.
func ExampleClient() {
	s, at := serveLines(protocol.Config{})
	defer s.Close()
	c, err := protocol.NewClient(&protocol.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	a := asker{answer: make(chan string, 1)}
	if _, err := c.Dial(context.Background(), "127.0.0.1", at.Port(), a).Wait(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-a.answer)
	// Output: HELLO
}

// A mirror sends each datagram back.
type mirror struct{ protocol.DatagramBase }

func (mirror) Datagram(d *protocol.Datagrams, p []byte, from sock.Addr) { d.Send(p, from) }

// ListenPacket serves a socket of messages: here UDP.
func ExampleDatagramProtocol() {
	s, _ := serveLines(protocol.Config{})
	defer s.Close()
	at, err := s.ListenPacket(sock.Inet("127.0.0.1", 0), mirror{})
	if err != nil {
		log.Fatal(err)
	}
	c, err := sock.DialAddr(at, &sock.ConnectionConfig{Type: sock.SOCK_DGRAM, Timeout: sock.Within(5 * time.Second)})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	c.Send([]byte("ping"), 0)
	data, err := c.Recv(100, 0)
	fmt.Printf("%s %v\n", data, err)
	// Output: ping <nil>
}

// Each Decoder finds the frames of one format. They also append frames, for the other direction.
func ExampleDecoder() {
	for _, d := range []protocol.Decoder{
		protocol.Line{},
		protocol.Delimiter{End: []byte("\r\n\r\n")},
		protocol.Fixed{Size: 4},
		protocol.Length{Bytes: 2},
	} {
		frame, used, need, err := d.Decode([]byte("\x00\x03ab\n\r\n\r\nrest"))
		fmt.Printf("%T: %q, used %d, need %d, %v\n", d, frame, used, need, err)
	}
	// Output:
	// protocol.Line: "\x00\x03ab", used 5, need 0, <nil>
	// protocol.Delimiter: "\x00\x03ab\n", used 9, need 0, <nil>
	// protocol.Fixed: "\x00\x03ab", used 4, need 0, <nil>
	// protocol.Length: "ab\n", used 5, need 0, <nil>
}

// A number in front of each frame: Append writes it, and Decode finds the frame behind it. A frame
// beyond the limit is a LimitError.
func ExampleLength() {
	format := protocol.Length{Bytes: protocol.Varint, Limit: 100}
	b, err := format.Append(nil, []byte("hello"))
	if err != nil {
		log.Fatal(err)
	}
	frame, used, _, err := format.Decode(append(b, "more"...))
	fmt.Printf("%q %d %v\n", frame, used, err)
	_, err = format.Append(nil, make([]byte, 101))
	var limit *protocol.LimitError
	fmt.Println(errors.As(err, &limit), limit.Size, limit.Limit)
	// Output:
	// "hello" 6 <nil>
	// true 101 100
}

// A frame that arrives in many parts: DecodeFrom does not look again at the bytes that it knows.
// Frames does this by itself.
func ExampleResumingDecoder() {
	var d protocol.ResumingDecoder = protocol.Line{}
	part := []byte("a long li")
	_, used, _, _ := d.Decode(part)
	whole := append(part, "ne\n"...)
	frame, used2, _, err := d.DecodeFrom(whole, len(part))
	fmt.Printf("%d, then %q %d %v\n", used, frame, used2, err)
	// Output: 0, then "a long line" 12 <nil>
}

// A silent peer: the reason reaches Lost as a TimeoutError.
func ExampleTimeoutError() {
	lost := make(chan error, 1)
	s, at := serveLines(protocol.Config{
		IdleTimeout: 10 * time.Millisecond,
		New:         func(*protocol.Transport) protocol.Protocol { return last{lost: lost} },
	})
	defer s.Close()
	c, err := sock.DialAddr(at, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	err = <-lost
	var late *protocol.TimeoutError
	fmt.Println(errors.As(err, &late), late.Option, errors.Is(err, os.ErrDeadlineExceeded))
	// Output: true IdleTimeout true
}

// A last passes on why its connection was lost.
type last struct {
	protocol.Base
	lost chan error
}

func (l last) Lost(_ *protocol.Transport, err error) { l.lost <- err }

// A greedy one says that it has used more than there is.
type greedy struct{ last }

func (greedy) Data(_ *protocol.Transport, p []byte) int { return len(p) + 1 }

// A result of Data that is not possible ends the connection.
func ExampleDataError() {
	lost := make(chan error, 1)
	s, at := serveLines(protocol.Config{New: func(*protocol.Transport) protocol.Protocol { return greedy{last{lost: lost}} }})
	defer s.Close()
	c, err := sock.DialAddr(at, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	c.Sendall([]byte("four"), 0)
	var wrong *protocol.DataError
	fmt.Println(errors.As(<-lost, &wrong), wrong.Used, wrong.Len)
	// Output: true 5 4
}

// An option out of its range is found when the server is made.
func ExampleOptionError() {
	_, err := protocol.NewServer(&protocol.Config{Balance: protocol.RoundRobin, IdleTimeout: -1})
	var bad *protocol.OptionError
	fmt.Println(errors.As(err, &bad), bad.Option)
	// Output: true IdleTimeout
}

// The figures of a server, for /debug/vars of package expvar. Package metrics/prometheus has them
// for Prometheus.
func ExampleVar() {
	s, _ := serveLines(protocol.Config{Loops: 1})
	defer s.Close()
	var source protocol.Source = s // a Client is one too
	expvar.Publish("lines", protocol.Var{Source: source})
	var st protocol.Stats = s.Stats()
	fmt.Println(st.Connections, st.Accepted, strings.HasPrefix(expvar.Get("lines").String(), "{"))
	// Output: 0 0 true
}

// A server whose connections begin with TLS: a Stream stands between each Transport and its socket.
func ExampleStream() {
	serverTLS, clientTLS := tlsConfigs() // a certificate, and the roots that know it
	s, at := serveLines(protocol.Config{Secure: func(s *sock.Socket) (protocol.Stream, error) {
		return tlsconn.Server(s, &tlsconn.Config{TLS: serverTLS})
	}})
	defer s.Close()
	c, err := sock.DialAddr(at, nil)
	if err != nil {
		log.Fatal(err)
	}
	conn, err := tlsconn.Client(c, &tlsconn.Config{TLS: clientTLS})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello\n")); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 100)
	n, err := conn.Read(buf)
	fmt.Printf("%q %v\n", buf[:n], err)
	// Output: "HELLO\n" <nil>
}
