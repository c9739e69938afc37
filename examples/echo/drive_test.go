package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
)

// A liar is a server that sometimes sends back other bytes than it received.
type liar struct{ at endpoint }

func (l liar) endpoint() endpoint { return l.at }
func (l liar) memory() int64      { return 0 }

// TestErrorsAreNoticed drives servers with one fault each. Every message is of 64 bytes, and the
// fault is in the third.
func TestErrorsAreNoticed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(message []byte, n int) []byte // n counts from 0
		want   string
	}{
		{"none", func(m []byte, _ int) []byte { return m }, ""},
		{"a wrong byte", func(m []byte, n int) []byte {
			if n == 2 {
				m[5] ^= 1
			}
			return m
		}, "message 2, byte 5"},
		{"a lost byte", func(m []byte, n int) []byte {
			if n == 2 {
				return m[1:]
			}
			return m
		}, "message 2, byte 0"},
		{"a doubled message", func(m []byte, n int) []byte {
			if n == 2 {
				return append(m, m...)
			}
			return m
		}, "not sent"},
		{"an old message", func() func(m []byte, n int) []byte {
			var old []byte
			return func(m []byte, n int) []byte {
				if n == 1 {
					old = append(old, m...)
				} else if n == 2 {
					return old
				}
				return m
			}
		}(), "message 2, byte"},
		{"an early end", func(m []byte, n int) []byte {
			if n == 2 {
				return nil
			}
			return m
		}, "the server ended it after 128 of 192 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go func() {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				for n, m := 0, make([]byte, 64); ; n++ {
					if _, err := io.ReadFull(c, m); err != nil {
						return
					}
					answer := tt.answer(append([]byte(nil), m...), n)
					if _, err := c.Write(answer); err != nil || answer == nil {
						return
					}
				}
			}()
			wantError(t, driveIt(t, ln.Addr(), 1), tt.want)
		})
	}
}

// TestSwappedConnections has a server that answers one connection with the bytes of another.
func TestSwappedConnections(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		a, err := ln.Accept()
		if err != nil {
			return
		}
		defer a.Close()
		b, err := ln.Accept()
		if err != nil {
			return
		}
		defer b.Close()
		fromA, fromB := bufio.NewReader(a), bufio.NewReader(b)
		fromA.Peek(1) // bytes on a connection that has sent nothing yet are a different error
		fromB.Peek(1)
		go io.Copy(a, fromB)
		io.Copy(b, fromA)
	}()
	wantError(t, driveIt(t, ln.Addr(), 2), "message 0, byte")
}

// TestDatagramErrorsAreNoticed is TestErrorsAreNoticed for UDP, where the other messages go on.
func TestDatagramErrorsAreNoticed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(message []byte, n int) [][]byte
		want   string
	}{
		{"none", func(m []byte, n int) [][]byte { return [][]byte{m} }, ""},
		{"a wrong byte", func(m []byte, n int) [][]byte {
			if n == 2 {
				m[5] ^= 1
			}
			return [][]byte{m}
		}, "none of those in flight"},
		{"a doubled one", func(m []byte, n int) [][]byte {
			if n == 2 {
				return [][]byte{m, m}
			}
			return [][]byte{m}
		}, "none of those in flight"},
		{"a short one", func(m []byte, n int) [][]byte {
			if n == 2 {
				return [][]byte{m[:63]}
			}
			return [][]byte{m}
		}, "none of those in flight"},
		{"a lost one", func(m []byte, n int) [][]byte {
			if n == 2 {
				return nil
			}
			return [][]byte{m}
		}, "lost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // the tests wait for lost datagrams
			c, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			go func() {
				for n, m := 0, make([]byte, 64); ; n++ {
					_, from, err := c.ReadFrom(m)
					if err != nil {
						return
					}
					for _, answer := range tt.answer(append([]byte(nil), m...), n) {
						c.WriteTo(answer, from)
					}
				}
			}()
			wantError(t, driveIt(t, c.LocalAddr(), 1), tt.want)
		})
	}
}

// driveIt drives a server in this process for a moment.
func driveIt(t *testing.T, at net.Addr, conns int) *result {
	t.Helper()
	addr, err := families.FromNet(at)
	if err != nil {
		t.Fatal(err)
	}
	to := endpoint{addr, at.Network() == "udp"}
	o := &options{listen: to, mode: "liar", conns: conns, size: 64, depth: 1, length: 50 * time.Millisecond}
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	res, err := drive(ctx, o, liar{to}, newProgress(io.Discard, o.length))
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func wantError(t *testing.T, res *result, want string) {
	t.Helper()
	err := res.err()
	switch {
	case want == "" && err != nil:
		t.Errorf("it was wrong: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("the error is %v, want one with %q", err, want)
	}
}
