package sock_test

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
)

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

// The ranges of items 115 and 105, on 64-bit systems.
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
		// AppendControl writes the complete items again, and they read the same.
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
