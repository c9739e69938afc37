package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) { socktest.RunMain(m, main) }

// A kind is a network that the proxy serves and connects to.
type kind struct {
	network   string
	at        func(t *testing.T) string // where to listen; the address has to be free
	halfClose bool                      // the end of one direction leaves the other
}

func fixed(address string) func(*testing.T) string { return func(*testing.T) string { return address } }

func unixPath(t *testing.T) string { return filepath.Join(socktest.Dir(t), "socket") }

var kinds = []kind{
	{"tcp", fixed("127.0.0.1:0"), true},
	{"tcp6", fixed("[::1]:0"), true},
	{"unix", unixPath, true},
	{"unixpacket", unixPath, true},
	{"sctp", fixed("127.0.0.1:0"), false}, // shutdown(2) of SCTP ends both directions
	{"vsock", fixed("1:any"), true},
	{"vsockpacket", fixed("1:any"), true},
	{"tipc", fixed("nameseq:18889,10,10?scope=3"), false}, // that of TIPC knows both directions only
	{"tipcpacket", fixed("nameseq:18889,20,20?scope=3"), false},
}

// TestFamilies has the proxy between TCP and each other family, in both directions.
func TestFamilies(t *testing.T) {
	for _, k := range kinds {
		for _, tt := range []struct {
			name     string
			from, to kind
		}{{"from " + k.network, k, kinds[0]}, {"to " + k.network, kinds[0], k}} {
			t.Run(tt.name, func(t *testing.T) {
				socktest.Check(t)
				target, err := netconn.Listen(tt.to.network, tt.to.at(t))
				lacking(t, err)
				defer target.Close()
				probe, err := netconn.Listen(tt.from.network, tt.from.at(t)) // the proxy would end without it
				lacking(t, err)
				socktest.Must(t, probe.Close())
				socktest.Must(t, target.SetDeadline(time.Now().Add(4*socktest.Patience)))

				line := socktest.StartProgram(t, "-from", tt.from.network+":"+tt.from.at(t), "-to", tt.to.network+":"+target.Addr().String())
				at, ok := strings.CutPrefix(line(), "Listening on ")
				if !ok {
					t.Fatal("the proxy does not say where it listens")
				}
				// Written in small parts, of which the proxy makes packets of other sizes.
				question, answer := bytes.Repeat([]byte("question"), 2000), bytes.Repeat([]byte("answer"), 3000)
				half := tt.from.halfClose && tt.to.halfClose
				served := socktest.Start(func() error {
					c, err := target.AcceptConn()
					if err != nil {
						return err
					}
					defer c.Close()
					return serve(c, question, answer, half)
				})
				dialed, err := netconn.DialTimeout(tt.from.network, at, 4*socktest.Patience)
				socktest.Must(t, err)
				c := dialed.(*netconn.Conn)
				defer c.Close()
				socktest.Must(t, c.SetDeadline(time.Now().Add(4*socktest.Patience)))
				socktest.Must(t, write(c, question))
				if half {
					socktest.Must(t, c.CloseWrite())
				}
				got := make([]byte, len(answer))
				if err := read(c, got); err != nil || !bytes.Equal(got, answer) {
					t.Errorf("the answer: %v, or it has other bytes", err)
				}
				if half {
					if n, err := c.Read(got); n != 0 || err != io.EOF {
						t.Errorf("after the answer: %d, %v", n, err)
					}
				}
				socktest.Must(t, c.Close())
				socktest.Must(t, served.Wait(t))
				if got, want := line(), fmt.Sprintf("%d bytes there, %d bytes back", len(question), len(answer)); !strings.Contains(got, want) {
					t.Errorf("it printed %q, want %q", got, want)
				}
			})
		}
	}
}

// lacking skips a test of a family that this kernel lacks.
func lacking(t *testing.T, err error) {
	t.Helper()
	// VSOCK without its loopback has no address 1.
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EADDRNOTAVAIL) {
		socktest.Lacking(t, "internal/rigs/run ./examples/proxy", err)
	}
	socktest.Must(t, err)
}

// serve answers a question. With half it waits for the end of the question before.
func serve(c *netconn.Conn, question, answer []byte, half bool) error {
	if err := c.SetDeadline(time.Now().Add(4 * socktest.Patience)); err != nil {
		return err
	}
	got := make([]byte, len(question))
	if err := read(c, got); err != nil || !bytes.Equal(got, question) {
		return fmt.Errorf("the question: %w, or it has other bytes", err)
	}
	if half {
		if n, err := c.Read(got); n != 0 || err != io.EOF {
			return fmt.Errorf("after the question: %d, %w", n, err)
		}
	}
	if err := write(c, answer); err != nil || half {
		return err
	}
	c.Read(got) // the end, as an end of the stream or as an error, by family
	return nil
}

// read fills p. It has room for a whole packet in each read.
func read(c io.Reader, p []byte) error {
	room := make([]byte, 1<<17)
	for len(p) > 0 {
		n, err := c.Read(room)
		if err == nil && n > len(p) {
			err = fmt.Errorf("%d bytes too many", n-len(p))
		}
		if err != nil {
			return fmt.Errorf("%w before the last %d bytes", err, len(p))
		}
		copy(p, room[:n])
		p = p[n:]
	}
	return nil
}

// write writes p in parts that fit into a packet.
func write(c io.Writer, p []byte) error {
	for len(p) > 0 {
		n, err := c.Write(p[:min(1000, len(p))])
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}
