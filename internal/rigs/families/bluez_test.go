//go:build linux

package families_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/rigs/vhci"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/bluetooth"
	"github.com/polluxio/pollux/sock/socktest"
)

// BlueZ's own programs as the other end.

// BlueZ knows the same controllers.
func TestBluezDevices(t *testing.T) {
	near, far := newAir(t)
	socktest.Check(t)
	shown := output(t, "", "hcitool", "dev")
	devices, err := bluetooth.HCIDevices()
	must(t, err)
	for _, d := range devices {
		if !strings.Contains(shown, d.Name) || !strings.Contains(shown, d.Addr) {
			t.Errorf("hcitool shows %q, without %s %s", shown, d.Name, d.Addr)
		}
	}
	if len(devices) < 2 || !strings.Contains(shown, near.Text()) || !strings.Contains(shown, far.Text()) {
		t.Errorf("hcitool shows %q, we %+v", shown, devices)
	}
}

// What l2test and rctest send: a number, a length, and 0x7f.
func bluezFrames(t *testing.T, p []byte, size, frames int) {
	t.Helper()
	if len(p) != size*frames {
		t.Fatalf("%d bytes, want %d", len(p), size*frames)
	}
	for i := range frames {
		want := binary.LittleEndian.AppendUint32(nil, uint32(i))
		want = binary.LittleEndian.AppendUint16(want, uint16(size))
		want = append(want, bytes.Repeat([]byte{0x7f}, size-6)...)
		if got := p[i*size : (i+1)*size]; !bytes.Equal(got, want) {
			t.Errorf("frame %d is %s", i, head(got))
		}
	}
}

func TestBluezL2CAP(t *testing.T) {
	near, far := newAir(t)
	const psm, size, frames = 0x1041, 200, 3
	bound := func(t *testing.T, c *vhci.Controller, psm uint16) *sock.Socket {
		s := need(t, sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP)
		must(t, s.Bind(families.L2CAP(c.Text(), psm, 0, sock.BDADDR_BREDR)))
		must(t, s.SetTimeout(2*socktest.Patience))
		return s
	}

	t.Run("it sends", func(t *testing.T) {
		socktest.Check(t)
		ln := bound(t, far, psm)
		must(t, ln.Listen(1))
		// It must not disconnect at once: the request to do so overtakes what was sent.
		start(t, "l2test", "-s", "-g", "10000", "-i", near.Text(), "-P", fmt.Sprint(psm), "-b", fmt.Sprint(size), "-N", fmt.Sprint(frames), far.Text())
		s, from, err := ln.Accept()
		must(t, err)
		defer s.Close()
		if from.Bdaddr() != near.Text() {
			t.Errorf("from %v", from)
		}
		must(t, s.SetTimeout(2*socktest.Patience))
		var got []byte
		for range frames {
			p, err := s.Recv(1000, 0)
			must(t, err)
			got = append(got, p...)
		}
		bluezFrames(t, got, size, frames)
	})

	t.Run("it receives", func(t *testing.T) {
		socktest.Check(t)
		it := start(t, "l2test", "-d", "-i", far.Text(), "-P", fmt.Sprint(psm+2))
		it.Expect("Waiting for connection")
		s := bound(t, near, 0)
		must(t, s.Connect(families.L2CAP(far.Text(), psm+2, 0, sock.BDADDR_BREDR)))
		_, err := s.Send(make([]byte, 123), 0)
		must(t, err)
		it.Expect("123 bytes")
	})
}

func TestBluezRFCOMM(t *testing.T) {
	near, far := newAir(t)
	const channel, size, frames = 7, 100, 5
	bound := func(t *testing.T, c *vhci.Controller, channel uint32) *sock.Socket {
		s := need(t, sock.AF_BLUETOOTH, sock.SOCK_STREAM, sock.BTPROTO_RFCOMM)
		must(t, s.Bind(families.RFCOMM(c.Text(), channel)))
		must(t, s.SetTimeout(2*socktest.Patience))
		return s
	}

	t.Run("it sends", func(t *testing.T) {
		socktest.Check(t)
		ln := bound(t, far, channel)
		must(t, ln.Listen(1))
		start(t, "rctest", "-s", "-i", near.Text(), "-P", fmt.Sprint(channel), "-b", fmt.Sprint(size), "-N", fmt.Sprint(frames), far.Text())
		s, from, err := ln.Accept()
		must(t, err)
		defer s.Close()
		if from.Bdaddr() != near.Text() {
			t.Errorf("from %v", from)
		}
		must(t, s.SetTimeout(2*socktest.Patience))
		var got []byte
		for len(got) < size*frames {
			p, err := s.Recv(size*frames-len(got), 0)
			must(t, err)
			if len(p) == 0 {
				break
			}
			got = append(got, p...)
		}
		bluezFrames(t, got, size, frames)
	})

	t.Run("it receives", func(t *testing.T) {
		socktest.Check(t)
		it := start(t, "rctest", "-d", "-i", far.Text(), "-P", fmt.Sprint(channel+1))
		it.Expect("Waiting for connection")
		s := bound(t, near, 0)
		must(t, s.Connect(families.RFCOMM(far.Text(), channel+1)))
		_, err := s.Sendall([]byte("for the other end"), 0)
		must(t, err)
		it.Expect("17 bytes")
	})
}
