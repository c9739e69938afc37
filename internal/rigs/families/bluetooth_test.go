//go:build linux

package families_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/rigs/vhci"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/bluetooth"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// newAir makes two controllers that are up, and go with the test.
func newAir(t *testing.T) (near, far *vhci.Controller) {
	t.Helper()
	near, far, err := vhci.New()
	if errors.Is(err, os.ErrNotExist) {
		err = unix.ENODEV
	}
	lacks(t, "controllers of /dev/vhci", err)
	t.Cleanup(near.Close)
	return near, far
}

// readAddress is the command that asks a controller for its address: the specification, volume 4,
// part E, section 7.4.6.
var readAddress = bluetooth.HCIOpcode(0x04, 0x009)

// hciSocket is a raw socket of a controller, which receives the answers to readAddress.
func hciSocket(t testing.TB, c *vhci.Controller) *sock.Socket {
	t.Helper()
	s := need(t, sock.AF_BLUETOOTH, sock.SOCK_RAW, sock.BTPROTO_HCI)
	must(t, s.Bind(families.HCI(uint16(c.ID), sock.HCI_CHANNEL_RAW)))
	filter := bluetooth.HCIFilter{Opcode: readAddress}.Type(bluetooth.HCI_EVENT_PKT).Event(bluetooth.EVT_CMD_COMPLETE)
	must(t, bluetooth.SetHCIFilter(s, filter))
	if got, err := bluetooth.GetHCIFilter(s); got != filter || err != nil {
		t.Fatalf("the filter is %+v, %v; want %+v", got, err, filter)
	}
	return s
}

// Items 205, 209: commands go to the controller, events come from it.
func TestHCI(t *testing.T) {
	near, _ := newAir(t)
	everyWay(t, func(t *testing.T) (a, b *sock.Socket) {
		s := hciSocket(t, near)
		return s, s
	}, exchange{
		Message: func(int) []byte {
			p, err := bluetooth.AppendHCICommand(nil, bluetooth.HCICommand{Opcode: readAddress})
			must(t, err)
			return p
		},
		Arrives: func([]byte) []byte {
			p, err := bluetooth.AppendHCIEvent(nil, bluetooth.HCIEvent{Code: bluetooth.EVT_CMD_COMPLETE, Params: slices.Concat(
				[]byte{1, byte(readAddress), byte(readAddress >> 8), 0}, near.Addr[:])})
			must(t, err)
			return p
		},
		Ready: func(t *testing.T, s *sock.Socket) {
			must(t, bluetooth.SetHCIDataDir(s, true))
			must(t, bluetooth.SetHCITimeStamp(s, true))
			dir, err := bluetooth.GetHCIDataDir(s)
			stamp, err2 := bluetooth.GetHCITimeStamp(s)
			if must(t, errors.Join(err, err2)); !dir || !stamp {
				t.Errorf("direction %v, time %v; want both", dir, stamp)
			}
		},
		Ancillary: func(t *testing.T, items []sock.Control, _ int) {
			if in, ok := bluetooth.HCIDir(wantItem(t, items, sock.SOL_HCI, bluetooth.HCI_CMSG_DIR)); !in || !ok {
				t.Errorf("incoming %v, %v", in, ok)
			}
			at, ok := bluetooth.HCITime(wantItem(t, items, sock.SOL_HCI, bluetooth.HCI_CMSG_TSTAMP))
			if age := time.Since(at); !ok || age < 0 || age > time.Minute {
				t.Errorf("came %v ago, %v", age, ok)
			}
		},
	})

	t.Run("request", func(t *testing.T) {
		socktest.Check(t)
		s := hciSocket(t, near)
		got, err := bluetooth.HCIRequest(s, readAddress)
		must(t, err)
		if want := append([]byte{0}, near.Addr[:]...); !bytes.Equal(got, want) {
			t.Errorf("%x, want %x", got, want)
		}
		if got, err := s.Getsockname(); got != families.HCI(uint16(near.ID), sock.HCI_CHANNEL_RAW) || err != nil {
			t.Errorf("its name is %v, %v", got, err)
		}
	})

	t.Run("what the filter keeps out", func(t *testing.T) {
		socktest.Check(t)
		s := hciSocket(t, near)
		must(t, bluetooth.SetHCIFilter(s, bluetooth.HCIFilter{}.Type(bluetooth.HCI_EVENT_PKT))) // no event at all
		p, err := bluetooth.AppendHCICommand(nil, bluetooth.HCICommand{Opcode: readAddress})
		must(t, err)
		_, err = s.Send(p, 0)
		must(t, err)
		other := hciSocket(t, near)
		_, err = bluetooth.HCIRequest(other, readAddress) // by then the first has been answered
		must(t, err)
		must(t, s.SetBlocking(false))
		if got, err := s.Recv(300, 0); !errors.Is(err, sock.ErrWouldBlock) {
			t.Errorf("%x, %v; want ErrWouldBlock", got, err)
		}
	})

	t.Run("devices", func(t *testing.T) {
		socktest.Check(t)
		devices, err := bluetooth.HCIDevices()
		must(t, err)
		i := slices.IndexFunc(devices, func(d bluetooth.HCIDevice) bool { return d.ID == near.ID })
		if i < 0 {
			t.Fatalf("no device %d in %+v", near.ID, devices)
		}
		d := devices[i]
		if d.Addr != near.Text() || d.Name != fmt.Sprint("hci", near.ID) || !d.Up() || d.ACLMTU != 1021 || d.ACLPackets != 8 ||
			d.SCOMTU != 64 || d.SCOPackets != 8 || !bytes.Equal(d.Features[:], vhci.Features) {
			t.Errorf("%+v", d)
		}
	})
}

// The other channels of HCI: for control, for monitoring, and for a program that has the controller
// for itself.
func TestHCIChannels(t *testing.T) {
	near, _ := newAir(t)
	bound := func(t *testing.T, dev, channel uint16) *sock.Socket {
		t.Helper()
		s := need(t, sock.AF_BLUETOOTH, sock.SOCK_RAW, sock.BTPROTO_HCI)
		must(t, s.Bind(families.HCI(dev, channel)))
		must(t, s.SetTimeout(socktest.Patience))
		return s
	}
	next := func(t *testing.T, s *sock.Socket) bluetooth.HCIMessage {
		t.Helper()
		p, err := s.Recv(1<<16, 0)
		must(t, err)
		m, err := bluetooth.DecodeHCIMessage(p)
		must(t, err)
		return m
	}

	t.Run("control", func(t *testing.T) {
		socktest.Check(t)
		s := bound(t, sock.HCI_DEV_NONE, sock.HCI_CHANNEL_CONTROL)
		ask := func(opcode uint16) []byte {
			t.Helper()
			p, err := bluetooth.AppendHCIMessage(nil, bluetooth.HCIMessage{Opcode: opcode, Index: bluetooth.MGMT_INDEX_NONE})
			must(t, err)
			_, err = s.Send(p, 0)
			must(t, err)
			for {
				if op, status, result, ok := next(t, s).Answers(); ok && op == opcode {
					if status != 0 {
						t.Fatalf("command %#x: status %#x", opcode, status)
					}
					return result
				}
			}
		}
		if version := ask(bluetooth.MGMT_OP_READ_VERSION); len(version) != 3 || version[0] != 1 {
			t.Errorf("version %x, want 1.something", version)
		}
		list := ask(bluetooth.MGMT_OP_READ_INDEX_LIST)
		var ids []int
		for p := list[2:]; len(p) >= 2; p = p[2:] {
			ids = append(ids, int(binary.LittleEndian.Uint16(p)))
		}
		if !slices.Contains(ids, near.ID) {
			t.Errorf("controllers %v, without %d", ids, near.ID)
		}
	})

	t.Run("monitor", func(t *testing.T) {
		socktest.Check(t)
		s := bound(t, sock.HCI_DEV_NONE, sock.HCI_CHANNEL_MONITOR)
		_, err := bluetooth.HCIRequest(hciSocket(t, near), readAddress)
		must(t, err)
		var seen []uint16 // of what the request was: a command, an event
		for len(seen) < 2 {
			switch m := next(t, s); {
			case int(m.Index) != near.ID:
			case m.Opcode == bluetooth.HCI_MON_COMMAND_PKT && binary.LittleEndian.Uint16(m.Params) == readAddress,
				m.Opcode == bluetooth.HCI_MON_EVENT_PKT && m.Params[0] == bluetooth.EVT_CMD_COMPLETE && binary.LittleEndian.Uint16(m.Params[3:]) == readAddress:
				seen = append(seen, m.Opcode)
			}
		}
		if want := []uint16{bluetooth.HCI_MON_COMMAND_PKT, bluetooth.HCI_MON_EVENT_PKT}; !slices.Equal(seen, want) {
			t.Errorf("seen %v, want %v", seen, want)
		}
	})

	t.Run("user", func(t *testing.T) {
		socktest.Check(t)
		control := need(t, sock.AF_BLUETOOTH, sock.SOCK_RAW, sock.BTPROTO_HCI)
		const hciDevDown = 0x400448ca // _IOW('H', 202, int), <bluetooth/hci.h>
		must(t, unix.IoctlSetInt(control.Fileno(), hciDevDown, near.ID))
		s := bound(t, uint16(near.ID), sock.HCI_CHANNEL_USER)
		if got, err := s.Getsockname(); got != families.HCI(uint16(near.ID), sock.HCI_CHANNEL_USER) || err != nil {
			t.Errorf("its name is %v, %v", got, err) // item 209
		}
		got, err := bluetooth.HCIRequest(s, readAddress)
		must(t, err)
		if want := append([]byte{0}, near.Addr[:]...); !bytes.Equal(got, want) {
			t.Errorf("%x, want %x", got, want)
		}
	})
}

// bluetoothPair makes pairs of a socket that near has connected to far, and the one that far has
// accepted for it: b and a.
func bluetoothPair(typ sock.Type, proto sock.Protocol, near, far func() sock.Addr) func(*testing.T) (a, b *sock.Socket) {
	return func(t *testing.T) (a, b *sock.Socket) {
		t.Helper()
		var ln *sock.Socket
		// The last pair's connection may still be ending: of voice there is one at most, and of
		// RFCOMM one a channel.
		socktest.Await(t, "the end of an earlier connection", func() bool {
			ln, b = need(t, sock.AF_BLUETOOTH, typ, proto), need(t, sock.AF_BLUETOOTH, typ, proto)
			must(t, ln.Bind(far()))
			must(t, ln.Listen(8))
			must(t, b.Bind(near()))
			must(t, b.SetTimeout(3*socktest.Patience))
			err := b.Connect(socktest.Name(t, ln))
			if errors.Is(err, unix.EBUSY) {
				must(t, errors.Join(ln.Close(), b.Close()))
				return false
			}
			must(t, err)
			return true
		})
		must(t, b.SetTimeout(sock.Forever))
		must(t, ln.SetTimeout(3*socktest.Patience))
		a, from, err := ln.Accept()
		must(t, err)
		if from.Bdaddr() != near().Bdaddr() {
			t.Errorf("from %v, want %v", from, near())
		}
		must(t, ln.Close())
		return socktest.Closing(t, a), b
	}
}

// Items 205, 206, 207.
func TestL2CAP(t *testing.T) {
	near, far := newAir(t)
	at := func(c *vhci.Controller) func() sock.Addr {
		return func() sock.Addr { return families.L2CAP(c.Text(), 0, 0, sock.BDADDR_BREDR) } // PSM 0: the kernel's choice
	}
	pair := bluetoothPair(sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP, at(near), at(far))
	everyWay(t, pair, exchange{
		Message: func(i int) []byte { return bytes.Repeat([]byte{byte('a' + i)}, 600) },
		Ready:   wantTimestamp, Ancillary: hasTimestamp,
	})

	t.Run("most", func(t *testing.T) {
		socktest.Check(t)
		a, b := pair(t)
		p := bytes.Repeat([]byte("l2"), bluetooth.L2CAP_DEFAULT_MTU/2)
		_, err := b.Send(p, 0)
		must(t, err)
		got, err := a.Recv(2*len(p), 0)
		must(t, err)
		if !bytes.Equal(got, p) {
			t.Errorf("got %s", head(got))
		}
		if _, err := b.Send(append(p, 0), 0); !errors.Is(err, unix.EMSGSIZE) {
			t.Errorf("%d bytes: %v, want EMSGSIZE", len(p)+1, err)
		}
	})

	t.Run("options", func(t *testing.T) {
		socktest.Check(t)
		s := need(t, sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP)
		o, err := bluetooth.GetL2CAPOptions(s)
		must(t, err)
		if o.IMTU != bluetooth.L2CAP_DEFAULT_MTU || o.FlushTo != 0xffff || o.Mode != bluetooth.L2CAP_MODE_BASIC {
			t.Errorf("at first %+v", o)
		}
		o.IMTU = 1000
		must(t, bluetooth.SetL2CAPOptions(s, o))
		if got, err := bluetooth.GetL2CAPOptions(s); got != o || err != nil {
			t.Errorf("%+v, %v; want %+v", got, err, o)
		}
		must(t, bluetooth.SetSecurity(s, bluetooth.Security{Level: sock.BT_SECURITY_MEDIUM}))
		if got, err := bluetooth.GetSecurity(s); got.Level != sock.BT_SECURITY_MEDIUM || err != nil {
			t.Errorf("security %+v, %v", got, err)
		}
		must(t, bluetooth.SetPower(s, false))
		if got, err := bluetooth.GetPower(s); got || err != nil {
			t.Errorf("power %v, %v", got, err)
		}
		if _, err := bluetooth.GetConnInfo(s); !errors.Is(err, unix.ENOTCONN) {
			t.Errorf("connection: %v, want ENOTCONN", err)
		}
		if _, err := bluetooth.GetSndMTU(s); !errors.Is(err, unix.EINVAL) {
			t.Errorf("BT_SNDMTU without LE: %v, want EINVAL", err)
		}
		// Only with the module's parameter enable_ecred, or from some later Linux on.
		if mode, err := bluetooth.GetMode(s); !errors.Is(err, unix.ENOPROTOOPT) && (mode != sock.BT_MODE_BASIC || err != nil) {
			t.Errorf("BT_MODE: %d, %v", mode, err)
		}

		a, b := pair(t)
		if o, err := bluetooth.GetL2CAPOptions(a); o.OMTU != bluetooth.L2CAP_DEFAULT_MTU || err != nil {
			t.Errorf("connected: %+v, %v", o, err)
		}
		for _, s := range []*sock.Socket{a, b} {
			if info, err := bluetooth.GetConnInfo(s); info.Handle == 0 || err != nil {
				t.Errorf("connection %+v, %v", info, err)
			}
		}
	})

	// The peer's greatest message is known to both.
	t.Run("agreed", func(t *testing.T) {
		socktest.Check(t)
		ln := need(t, sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP)
		o, err := bluetooth.GetL2CAPOptions(ln)
		must(t, err)
		o.IMTU = 900
		must(t, bluetooth.SetL2CAPOptions(ln, o))
		must(t, ln.Bind(at(far)()))
		must(t, ln.Listen(1))
		s := need(t, sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP)
		must(t, s.Bind(at(near)()))
		must(t, s.Connect(socktest.Name(t, ln)))
		if got, err := bluetooth.GetL2CAPOptions(s); got.OMTU != 900 || err != nil {
			t.Errorf("%+v, %v; want an OMTU of 900", got, err)
		}
	})

	t.Run("refused", func(t *testing.T) {
		socktest.Check(t)
		s := need(t, sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP)
		must(t, s.Bind(at(near)()))
		if err := s.Connect(families.L2CAP(far.Text(), 0x1011, 0, sock.BDADDR_BREDR)); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("%v, want ECONNREFUSED", err)
		}
	})
}

// Datagrams, without a connection: a PSM is all the address there is. They go one way, and a sender
// has to connect first, which makes the link.
func TestL2CAPDatagrams(t *testing.T) {
	near, far := newAir(t)
	var psm atomic.Uint32
	psm.Store(0x1021)
	everyWay(t, func(t *testing.T) (a, b *sock.Socket) {
		there := families.L2CAP(far.Text(), uint16(psm.Add(2)), 0, sock.BDADDR_BREDR) // each its own: always odd
		a, b = need(t, sock.AF_BLUETOOTH, sock.SOCK_DGRAM, sock.BTPROTO_L2CAP), need(t, sock.AF_BLUETOOTH, sock.SOCK_DGRAM, sock.BTPROTO_L2CAP)
		must(t, a.Bind(there))
		must(t, b.Bind(families.L2CAP(near.Text(), 0, 0, sock.BDADDR_BREDR)))
		must(t, b.Connect(there))
		return a, b
	}, exchange{
		OneWay: true,
		Ready:  wantTimestamp, Ancillary: hasTimestamp,
		Sender: func(t *testing.T, _ *sock.Socket, from sock.Addr) {
			if from.Bdaddr() != near.Text() {
				t.Errorf("from %v, want %v", from, near.Text())
			}
		},
	})
}

// Items 205, 208.
func TestRFCOMM(t *testing.T) {
	near, far := newAir(t)
	var channel atomic.Uint32
	pair := bluetoothPair(sock.SOCK_STREAM, sock.BTPROTO_RFCOMM,
		func() sock.Addr { return families.RFCOMM(near.Text(), 0) },
		func() sock.Addr { return families.RFCOMM(far.Text(), 1+channel.Add(1)%30) }) // the last one's may still be closing
	pair(t) // keeps the two's RFCOMM session, which otherwise ends with its last connection, and resets one that begins just then
	everyWay(t, pair, exchange{Ready: wantTimestamp, Ancillary: hasTimestamp})

	t.Run("options", func(t *testing.T) {
		socktest.Check(t)
		a, b := pair(t)
		if info, err := bluetooth.GetConnInfo(b); info.Handle == 0 || err != nil {
			t.Errorf("connection %+v, %v", info, err)
		}
		if got, err := bluetooth.GetSecurity(a); got.Level != sock.BT_SECURITY_LOW || err != nil {
			t.Errorf("security %+v, %v", got, err)
		}
		must(t, b.Setsockopt(sock.SOL_RFCOMM, bluetooth.RFCOMM_LM, sock.L2CAP_LM_AUTH))
		if got, err := b.Getsockopt(sock.SOL_RFCOMM, bluetooth.RFCOMM_LM); got != sock.L2CAP_LM_AUTH || err != nil {
			t.Errorf("RFCOMM_LM %#x, %v", got, err)
		}
		if got, err := b.Getpeername(); got.Bdaddr() != far.Text() || err != nil {
			t.Errorf("peer %v, %v", got, err)
		}
	})

	t.Run("much, and the end", func(t *testing.T) {
		socktest.Check(t)
		a, b := pair(t)
		p := bytes.Repeat([]byte("a stream "), 5000)
		call := socktest.Start(func() error {
			_, err := b.Sendall(p, 0)
			return errors.Join(err, b.Close())
		})
		must(t, a.SetTimeout(3*socktest.Patience))
		var got []byte
		for {
			part, err := a.Recv(4096, 0)
			if errors.Is(err, unix.ECONNRESET) || len(part) == 0 && err == nil {
				break // RFCOMM knows no other end than a reset
			}
			must(t, err)
			got = append(got, part...)
		}
		must(t, call.Wait(t))
		if !bytes.Equal(got, p) {
			t.Errorf("got %d bytes of %d", len(got), len(p))
		}
	})
}

// Items 205, 211.
func TestSCO(t *testing.T) {
	near, far := newAir(t)
	pair := bluetoothPair(sock.SOCK_SEQPACKET, sock.BTPROTO_SCO,
		func() sock.Addr { return families.SCO(near.Text()) }, func() sock.Addr { return families.SCO(far.Text()) })
	everyWay(t, pair, exchange{
		Message: func(i int) []byte { return bytes.Repeat([]byte{byte(i + 1)}, 48) },
	})

	// The other way round than everyWay has it: Linux 6.1 tells no status to the socket that was
	// accepted.
	for _, way := range []string{"goroutine", "context", "task"} {
		t.Run("status, "+way, func(t *testing.T) {
			socktest.Check(t)
			a, b := pair(t)
			must(t, b.Setsockopt(sock.SOL_BLUETOOTH, sock.BT_PKT_STATUS, 1))
			for _, want := range []uint8{0, 1} {
				near.SetVoiceStatus(want)
				_, err := a.Send(make([]byte, 48), 0)
				must(t, err)
				must(t, within(t, way, b, func(s *sock.Socket) error {
					_, items, _, _, err := s.Recvmsg(64, 64, 0)
					if err != nil {
						return err
					}
					if len(items) != 1 {
						return fmt.Errorf("items %v, want one", items)
					}
					if got, ok := bluetooth.PktStatus(items[0]); got != want || !ok {
						return fmt.Errorf("status %d, %v; want %d", got, ok, want)
					}
					return nil
				}))
			}
		})
	}

	t.Run("options", func(t *testing.T) {
		socktest.Check(t)
		s := need(t, sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_SCO)
		if got, err := bluetooth.GetVoice(s); got != sock.BT_VOICE_CVSD_16BIT || err != nil {
			t.Errorf("voice %#x, %v", got, err)
		}
		a, b := pair(t)
		for _, s := range []*sock.Socket{a, b} {
			if got, err := bluetooth.GetSCOMTU(s); got != 64 || err != nil {
				t.Errorf("MTU %d, %v; want 64", got, err)
			}
			if got, err := bluetooth.GetSndMTU(s); got != 64 || err != nil {
				t.Errorf("BT_SNDMTU %d, %v; want 64", got, err)
			}
			if info, err := bluetooth.GetConnInfo(s); info.Handle == 0 || err != nil {
				t.Errorf("connection %+v, %v", info, err)
			}
		}
	})
}
