package sock_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// spliceKinds are the kinds of streams that the tests splice.
var spliceKinds = []socktest.Kind{
	{Family: sock.AF_INET, Type: sock.SOCK_STREAM},
	{Family: sock.AF_UNIX, Type: sock.SOCK_STREAM},
}

// relayed returns a connection in two parts: Splice moves what is sent to in from one middle socket
// to the other, and out receives it.
func relayed(t *testing.T, from, to socktest.Kind) (in, source, sink, out *sock.Socket) {
	in, source = from.Pair(t)
	sink, out = to.Pair(t)
	return in, source, sink, out
}

// Every byte arrives in order, up to the end of the stream, in every way to wait.
func TestSpliceToTheEnd(t *testing.T) {
	for _, from := range spliceKinds {
		for _, to := range spliceKinds {
			t.Run(from.Family.String()+" to "+to.Family.String(), func(t *testing.T) {
				socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
					in, source, sink, out := relayed(t, from, to)
					data := make([]byte, 3<<20+5)
					rand.NewChaCha8([32]byte{1}).Read(data)
					writer := socktest.Start(func() error {
						_, err := in.Sendall(data, 0)
						return errors.Join(err, in.Shutdown(sock.SHUT_WR))
					})
					var n int64
					relay := socktest.Start(func() (err error) {
						n, err = w.On(sink).Splice(source, -1)
						return errors.Join(err, sink.Shutdown(sock.SHUT_WR))
					})
					hash := sha256.New()
					for p := make([]byte, 100000); ; {
						got, err := out.RecvInto(p, 0)
						socktest.Must(t, err)
						if got == 0 {
							break
						}
						hash.Write(p[:got])
					}
					socktest.Must(t, writer.Wait(t))
					socktest.Must(t, relay.Wait(t))
					if want := sha256.Sum256(data); n != int64(len(data)) || !bytes.Equal(hash.Sum(nil), want[:]) {
						t.Errorf("%d of %d bytes, or other ones", n, len(data))
					}
				})
			})
		}
	}
}

// A count ends the Splice there, and the rest of the stream stays in from.
func TestSpliceCount(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		in, source, sink, out := relayed(t, spliceKinds[0], spliceKinds[1])
		_, err := in.Sendall([]byte("hello, world"), 0)
		socktest.Must(t, err)
		n, err := w.On(sink).Splice(source, 5)
		if n != 5 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		if n, err := w.On(sink).Splice(source, 0); n != 0 || err != nil {
			t.Errorf("none: %d, %v", n, err)
		}
		for s, want := range map[*sock.Socket]string{out: "hello", source: ", world"} {
			if p, err := s.Recv(100, 0); string(p) != want || err != nil {
				t.Errorf("%q, %v; want %q", p, err, want)
			}
		}
	})
}

// A wait on either side ends by the timeout of its own socket, and the sent bytes are counted.
func TestSpliceTimesOut(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		in, source, sink, _ := relayed(t, spliceKinds[1], spliceKinds[1])
		source.SetTimeout(time.Millisecond)
		if n, err := w.On(sink).Splice(source, -1); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("nothing to receive: %d, %v", n, err)
		}
		source.SetTimeout(sock.Forever)
		sink.SetTimeout(20 * time.Millisecond)
		writer := socktest.Start(func() error {
			_, err := in.Sendall(make([]byte, 8<<20), 0)
			return err
		})
		n, err := w.On(sink).Splice(source, -1)
		if n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("nothing is taken: %d, %v", n, err)
		}
		source.Close()
		if err := writer.Wait(t); err == nil {
			t.Error("the writer went on without a reader")
		}
	})
}

func TestSpliceCancel(t *testing.T) {
	socktest.EachCanceler(t, func(t *testing.T, w *socktest.Waiter) {
		_, source, sink, _ := relayed(t, spliceKinds[0], spliceKinds[0])
		call := socktest.Start(func() error {
			_, err := w.On(sink).Splice(source, -1)
			return err
		})
		socktest.AwaitWaiting(t, source)
		w.Cancel()
		if err := call.Wait(t); err == nil || !strings.Contains(err.Error(), "canceled") {
			t.Errorf("%v, want a cancel", err)
		}
	})
}

// A closed destination and a closed socket end the Splice with their errors; nothing leaks.
func TestSpliceToNothing(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		in, source, sink, out := relayed(t, spliceKinds[1], spliceKinds[1])
		_, err := in.Sendall([]byte("lost"), 0)
		socktest.Must(t, err)
		out.Close()
		if n, err := w.On(sink).Splice(source, -1); n != 0 || err == nil {
			t.Errorf("to a peer that is gone: %d, %v", n, err)
		}
		source.Close()
		if n, err := w.On(sink).Splice(source, -1); n != 0 || !errors.Is(err, net.ErrClosed) {
			t.Errorf("from a closed socket: %d, %v", n, err)
		}
	})
}

func TestSpliceRefuses(t *testing.T) {
	socktest.Check(t)
	a, b := spliceKinds[0].Pair(t)
	udp, _ := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_DGRAM}.Pair(t)
	for name, test := range map[string]struct {
		to, from *sock.Socket
		count    int64
		want     string
	}{
		"no source":        {a, nil, -1, "must not be nil"},
		"datagrams":        {a, udp, -1, "SOCK_STREAM"},
		"to datagrams":     {udp, a, -1, "SOCK_STREAM"},
		"a count below -1": {a, b, -2, "must be -1 for all"},
	} {
		t.Run(name, func(t *testing.T) {
			if n, err := test.to.Splice(test.from, test.count); n != 0 || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%d, %v; want %q", n, err, test.want)
			}
		})
	}
}
