package protocol_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// framesBack sends each frame back, and notes how its connection ends.
type framesBack struct {
	protocol.Base
	lost chan error
}

var shortFrames = protocol.Length{Bytes: 2, Limit: 1000}

func (f *framesBack) Data(t *protocol.Transport, p []byte) int {
	return protocol.Frames(t, p, shortFrames, f)
}

func (f *framesBack) Frame(t *protocol.Transport, frame []byte) { shortFrames.Write(t, frame) }

func (f *framesBack) EOF(t *protocol.Transport) {
	if len(t.Unread()) > 0 {
		t.Abort() // within a frame
		return
	}
	t.Close()
}

func (f *framesBack) Lost(_ *protocol.Transport, err error) { f.lost <- err }

// A peer that breaks the rules ends its own connection, with an error that says why. The other
// connections of the loop get every byte, before, meanwhile and after.
func TestBadPeerHurtsNoOther(t *testing.T) {
	frame := func(n int) []byte {
		p, err := shortFrames.Append(nil, make([]byte, n))
		socktest.Must(t, err)
		return p
	}
	for _, tt := range []struct {
		name string
		peer func(c *net.TCPConn)
		want func(err error) bool
	}{
		{"a frame beyond its limit", func(c *net.TCPConn) { c.Write([]byte{0xff, 0xff, 1}) }, func(err error) bool {
			var limit *protocol.LimitError
			return errors.As(err, &limit) && limit.Limit == 1000 && limit.Size == 0xffff
		}},
		{"never reads", func(c *net.TCPConn) {
			go func() {
				for p := frame(1000); ; {
					if _, err := c.Write(p); err != nil {
						return
					}
				}
			}()
		}, isTimeout("WriteTimeout")},
		{"never ends its frame", func(c *net.TCPConn) { c.Write(frame(500)[:100]) }, isTimeout("ReadTimeout")},
		{"resets in the middle", func(c *net.TCPConn) {
			c.Write(frame(500)[:100])
			c.SetLinger(0)
			c.Close()
		}, func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		{"half-closes in the middle", func(c *net.TCPConn) {
			c.Write(frame(500)[:100])
			c.CloseWrite()
		}, func(err error) bool { return err == protocol.ErrAborted }},
		{"half-closes, and reads on", func(c *net.TCPConn) {
			c.Write(frame(500))
			c.CloseWrite()
			if rest, err := io.ReadAll(c); len(rest) != 502 || err != nil {
				t.Errorf("%d bytes, %v", len(rest), err)
			}
		}, func(err error) bool { return err == nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			p := &framesBack{lost: make(chan error, 10)}
			made := 0
			limit := time.Minute
			if strings.HasPrefix(tt.name, "never") {
				limit = 200 * time.Millisecond // it is waited for
			}
			_, at := serve(t, protocol.Config{Loops: 1, WriteTimeout: limit, ReadTimeout: limit,
				New: func(*protocol.Transport) protocol.Protocol {
					if made++; made == 1 {
						return echo{}
					}
					return p
				}})
			other := dial(t, at)
			talk := func(text string) {
				other.Write([]byte(text))
				want(t, other, text)
			}
			talk("before")
			c := dial(t, at)
			tt.peer(c)
			var lost error
			for waiting := true; waiting; {
				select {
				case lost = <-p.lost:
					waiting = false
				default:
					talk("meanwhile")
				}
			}
			talk("after")
			if !tt.want(lost) {
				t.Errorf("lost by %v", lost)
			}
			c.Close()
		})
	}
}

func isTimeout(option string) func(error) bool {
	return func(err error) bool {
		var timeout *protocol.TimeoutError
		return errors.As(err, &timeout) && timeout.Option == option && errors.Is(err, os.ErrDeadlineExceeded)
	}
}
