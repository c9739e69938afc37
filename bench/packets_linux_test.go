package main

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"
)

// TestUDPQuick runs the whole suite, with each of its servers.
func TestUDPQuick(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run([]string{"udp", "-quick"}, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d\n%s\n%s", status, &stderr, &stdout)
	}
	for _, want := range []string{"udp-1200: 4 sockets", "pollux-datagrams", "CPU us/packet", "pollux-gro"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the report has no %q:\n%s", want, &stdout)
		}
	}
	for _, bad := range []string{"-    -    -", "were lost"} {
		if strings.Contains(stdout.String(), bad) {
			t.Errorf("the report has %q:\n%s", bad, &stdout)
		}
	}
}

// The loader of packets notices what a server may do wrong.
func TestPacketsNotice(t *testing.T) {
	for _, tt := range []struct {
		name          string
		answer        func(i int, p []byte) [][]byte // to packet i
		corrupt, lost bool
		err           string
	}{
		{"sound", func(_ int, p []byte) [][]byte { return [][]byte{p} }, false, false, ""},
		{"loses", func(i int, p []byte) [][]byte {
			if i%7 == 3 {
				return nil
			}
			return [][]byte{p}
		}, false, true, ""},
		{"doubles", func(_ int, p []byte) [][]byte { return [][]byte{p, p} }, true, false, ""},
		{"changes a bit", func(i int, p []byte) [][]byte {
			if i%7 == 3 {
				p[len(p)-1] ^= 1
			}
			return [][]byte{p}
		}, true, true, ""},
		{"cuts", func(_ int, p []byte) [][]byte { return [][]byte{p[:len(p)-1]} }, true, true, "no answer"},
		{"is silent", func(int, []byte) [][]byte { return nil }, false, true, "no answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			over := make(chan struct{})
			go func() {
				defer close(over)
				buf := make([]byte, 2048)
				for i := 0; ; i++ {
					n, from, err := c.ReadFromUDPAddrPort(buf)
					if err != nil {
						return
					}
					for _, p := range tt.answer(i, buf[:n]) {
						c.WriteToUDPAddrPort(p, from)
					}
				}
			}()
			defer func() {
				c.Close()
				<-over
			}()
			p, err := newPackets(c.LocalAddr().(*net.UDPAddr).AddrPort(), 2, 8, 100, false)
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			h := newHistogram()
			got, err := p.load(20*time.Millisecond, h)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if got.corrupt > 0 != tt.corrupt || got.lost > 0 != tt.lost || h.TotalCount() != got.messages {
				t.Errorf("%+v, %d recorded; want corrupt %v, lost %v", got, h.TotalCount(), tt.corrupt, tt.lost)
			}
		})
	}
}
