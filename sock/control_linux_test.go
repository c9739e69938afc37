package sock_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
)

func unixPair(t *testing.T, typ int) (a, b *sock.Socket) {
	t.Helper()
	a, b, err := sock.Pair(sock.AF_UNIX, typ, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	a.SetTimeout(20 * time.Second)
	b.SetTimeout(20 * time.Second)
	return a, b
}

// Buffers are gathered and scattered; a datagram that is longer than the room is cut, and says so: items 97, 107, 237.
func TestMessagesGatherAndScatter(t *testing.T) {
	a, b := unixPair(t, sock.SOCK_DGRAM)
	n, err := a.Sendmsg([][]byte{[]byte("01234"), nil, []byte("56789")}, nil, 0, sock.Addr{})
	if n != 10 || err != nil {
		t.Fatalf("sent %d, %v", n, err)
	}
	p, q := make([]byte, 3), make([]byte, 2)
	n, items, flags, from, err := b.RecvmsgInto([][]byte{p, q}, 0, 0)
	if n != 5 || string(p) != "012" || string(q) != "34" || flags != sock.MSG_TRUNC || items != nil || !from.IsZero() || err != nil {
		t.Fatalf("%d %q %q, flags %#x, %v, from %v, %v", n, p, q, flags, items, from, err)
	}
	// No buffers are an empty datagram: item 98.
	if n, err := a.Sendmsg(nil, nil, 0, sock.Addr{}); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if data, _, _, _, err := b.Recvmsg(10, 0, 0); len(data) != 0 || err != nil {
		t.Fatal(data, err)
	}
	if _, err := a.Sendmsg(make([][]byte, sock.IOV_MAX+1), nil, 0, sock.Addr{}); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("more than IOV_MAX buffers: %v", err)
	}
	if _, _, _, _, err := b.Recvmsg(-1, 0, 0); err == nil {
		t.Error("a negative size was taken")
	}
	if _, _, _, _, err := b.Recvmsg(1, -1, 0); err == nil {
		t.Error("a negative room for ancillary data was taken")
	}
}

// Waiting, timeouts, cancelling and peeking are those of every operation.
func TestMessagesWait(t *testing.T) {
	a, b := unixPair(t, sock.SOCK_STREAM)
	b.SetTimeout(20 * time.Millisecond)
	if _, _, _, _, err := b.Recvmsg(10, 0, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	b.SetTimeout(0)
	if _, _, _, _, err := b.Recvmsg(10, 0, 0); !errors.Is(err, sock.ErrWouldBlock) {
		t.Fatal(err)
	}
	b.SetTimeout(sock.Forever)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, _, _, _, err := b.With(ctx).Recvmsg(10, 0, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() {
		data, _, _, _, err := b.Recvmsg(10, 0, sock.MSG_PEEK)
		if err != nil {
			data = []byte(err.Error())
		}
		got <- string(data)
	}()
	if _, err := a.Sendmsg([][]byte{[]byte("he"), []byte("llo")}, nil, 0, sock.Addr{}); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "hello" {
		t.Fatal(s)
	}
	if data, _, _, _, err := b.Recvmsg(10, 0, 0); string(data) != "hello" || err != nil {
		t.Fatalf("%q, %v: a peek took it", data, err)
	}
	a.Close()
	if data, items, _, _, err := b.Recvmsg(10, 100, 0); len(data) != 0 || items != nil || err != nil {
		t.Fatal(data, items, err) // item 108
	}
}

// Descriptors cross: items 111, 113, 116, 117.
func TestFdsCross(t *testing.T) {
	a, b := unixPair(t, sock.SOCK_STREAM)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("what the file says"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd := int(f.Fd())
	if n, err := a.SendFds([][]byte{[]byte("two")}, []int{fd, fd}, 0); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	data, fds, flags, _, err := b.RecvFds(10, 2, 0)
	if string(data) != "two" || len(fds) != 2 || flags&sock.MSG_CTRUNC != 0 || err != nil {
		t.Fatal(data, fds, flags, err)
	}
	for _, fd := range fds {
		g := os.NewFile(uintptr(fd), path)
		text := make([]byte, 100)
		n, err := g.ReadAt(text, 0)
		if string(text[:n]) != "what the file says" || err != io.EOF {
			t.Errorf("%q, %v", text[:n], err)
		}
		g.Close()
	}
	// Fewer than come: the system closes the others, and says so.
	before := openFiles(t)
	a.SendFds([][]byte{[]byte("x")}, []int{fd, fd, fd}, 0)
	_, fds, flags, _, err = b.RecvFds(10, 1, 0)
	if len(fds) != 1 || flags&sock.MSG_CTRUNC == 0 || err != nil {
		t.Fatal(fds, flags, err)
	}
	sock.Close(fds[0])
	if got := openFiles(t); got != before {
		t.Errorf("%d descriptors are open, %d were", got, before)
	}
	if _, _, _, _, err := b.RecvFds(10, -1, 0); err == nil {
		t.Error("a negative count was taken")
	}
}

// Options and ancillary data of IP: item 118.
func TestControlOfIP(t *testing.T) {
	s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.SetTimeout(20 * time.Second)
	if err := s.Bind(sock.Inet("127.0.0.1", 0)); err != nil {
		t.Fatal(err)
	}
	self, _ := s.Getsockname()
	if err := s.Setsockopt(sock.IPPROTO_IP, sock.IP_RECVTTL, 1); err != nil {
		t.Fatal(err)
	}
	ttl := sock.IntsControl(sock.IPPROTO_IP, sock.IP_TTL, 33)
	if _, err := s.Sendmsg([][]byte{[]byte("x")}, []sock.Control{ttl}, 0, self); err != nil {
		t.Fatal(err)
	}
	data, items, _, from, err := s.Recvmsg(10, 100, 0)
	if err != nil || string(data) != "x" || from != self || len(items) != 1 || items[0].Ints()[0] != 33 {
		t.Fatal(data, items, from, err)
	}
}

// The ranges of items 115 and 105, on systems of 64 bits.
func TestControlLengths(t *testing.T) {
	if strconv.IntSize == 32 {
		t.Skip("the numbers are those of 64 bits: run this on such a machine")
	}
	if n, err := sock.CMSG_LEN(0); n != 16 || err != nil {
		t.Error(n, err)
	}
	if n, err := sock.CMSG_SPACE(1); n != 24 || err != nil {
		t.Error(n, err)
	}
	for n, ok := range map[int]bool{2147483631: true, 2147483632: false, -1: false} {
		if _, err := sock.CMSG_LEN(n); (err == nil) != ok {
			t.Errorf("CMSG_LEN(%d): %v", n, err)
		}
	}
	for n, ok := range map[int]bool{2147483623: true, 2147483625: false, -1: false} {
		if _, err := sock.CMSG_SPACE(n); (err == nil) != ok {
			t.Errorf("CMSG_SPACE(%d): %v", n, err)
		}
	}
}

func FuzzParseControl(f *testing.F) {
	whole, _ := sock.AppendControl(nil, sock.IntsControl(1, 1, 3, 4), sock.Control{Level: 0, Type: 2, Data: []byte("x")})
	f.Add(whole)
	f.Add(whole[:20])                    // cut in the data
	f.Add(whole[:5])                     // cut in the header
	f.Add(make([]byte, 16))              // a length of 0
	f.Add(bytes.Repeat([]byte{255}, 40)) // a length beyond int
	f.Fuzz(func(t *testing.T, b []byte) {
		items, err := sock.ParseControl(b)
		n := 0
		for _, c := range items {
			n += len(c.Data)
			c.Ints()
		}
		if n > len(b) {
			t.Fatalf("%d bytes of data in %d", n, len(b))
		}
		if err != nil {
			return
		}
		// What was whole can be written again, and reads the same.
		again, err := sock.AppendControl(nil, items...)
		if err != nil {
			t.Fatal(err)
		}
		second, err := sock.ParseControl(again)
		if err != nil || len(second) != len(items) {
			t.Fatalf("%d items, then %d, %v", len(items), len(second), err)
		}
		for i := range items {
			if items[i].Level != second[i].Level || items[i].Type != second[i].Type || !bytes.Equal(items[i].Data, second[i].Data) {
				t.Fatalf("%v became %v", items[i], second[i])
			}
		}
	})
}
