//go:build linux

package families_test

import (
	"errors"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// bcm is a CAN_BCM socket of that interface.
func bcm(t *testing.T, ifname string) *sock.Socket {
	t.Helper()
	s := need(t, sock.AF_CAN, sock.SOCK_DGRAM, sock.CAN_BCM)
	must(t, s.Connect(families.CAN(ifname)))
	must(t, s.SetTimeout(socktest.Patience))
	return s
}

func sendBCM(t *testing.T, s *sock.Socket, m can.BCMMessage) {
	t.Helper()
	p, err := m.Append(nil)
	must(t, err)
	send(t, s, p)
}

func recvBCM(t *testing.T, s *sock.Socket, opcode uint32) can.BCMMessage {
	t.Helper()
	p, err := s.Recv(65536, 0)
	must(t, err)
	m, err := can.DecodeBCMMessage(p)
	must(t, err)
	if m.Opcode != opcode {
		t.Fatalf("opcode %d, want %d: %+v", m.Opcode, opcode, m)
	}
	return m
}

// items 199, 203: every frame of an identifier is reported, as bytes of struct bcm_msg_head.
func TestCANBCM(t *testing.T) {
	bus := vcan(t, "vcanbcm", can.CAN_MTU)
	const id = 0x42
	everyWay(t, func(t *testing.T) (a, b *sock.Socket) {
		a = bcm(t, bus)
		sendBCM(t, a, can.BCMMessage{Opcode: sock.CAN_BCM_RX_SETUP, Flags: sock.CAN_BCM_RX_FILTER_ID, ID: id})
		return a, canRaw(t, bus)
	}, exchange{
		OneWay: true,
		Message: func(i int) []byte {
			p, err := can.Frame{ID: id, Data: []byte{byte(i), 1, 2}}.Append(nil)
			must(t, err)
			return p
		},
		Arrives: func(sent []byte) []byte {
			f, err := can.DecodeFrame(sent)
			must(t, err)
			p, err := can.BCMMessage{Opcode: sock.CAN_BCM_RX_CHANGED, Flags: sock.CAN_BCM_RX_FILTER_ID, ID: id, Frames: []can.Frame{f}}.Append(nil)
			must(t, err)
			return p
		},
		Ready: wantTimestamp, Ancillary: hasTimestamp, Sender: fromInterface(bus),
	})
}

func TestCANBCMCyclic(t *testing.T) {
	bus := vcan(t, "vcancyc", can.CAN_MTU)
	raw, tx := canRaw(t, bus), bcm(t, bus)
	frames := []can.Frame{{ID: 0x42, Data: []byte{1}}, {ID: 0x42, Data: []byte{2}}}
	set := can.BCMMessage{Opcode: sock.CAN_BCM_TX_SETUP, Flags: sock.CAN_BCM_SETTIMER | sock.CAN_BCM_STARTTIMER | sock.CAN_BCM_TX_COUNTEVT,
		Count: 4, Ival1: 2 * time.Millisecond, Ival2: 10 * time.Millisecond, ID: 0x42, Frames: frames}
	began := time.Now()
	sendBCM(t, tx, set)
	for i := range 8 { // in turn
		wantFrame(t, raw, frames[i%2].String())
	}
	if took := time.Since(began); took < 30*time.Millisecond {
		t.Errorf("4 frames at 2ms and 4 at 10ms have come within %v", took)
	}
	if m := recvBCM(t, tx, sock.CAN_BCM_TX_EXPIRED); m.ID != 0x42 || len(m.Frames) != 0 {
		t.Errorf("%+v, want that of 0x42 without frames", m)
	}

	// What is set can be read back: the layout is right in every field.
	sendBCM(t, tx, can.BCMMessage{Opcode: sock.CAN_BCM_TX_READ, ID: 0x42})
	m := recvBCM(t, tx, sock.CAN_BCM_TX_STATUS)
	if m.Ival1 != set.Ival1 || m.Ival2 != set.Ival2 || m.ID != 0x42 || m.Flags&set.Flags != set.Flags || len(m.Frames) != 2 || m.Frames[1].Data[0] != 2 {
		t.Errorf("%+v, want what was set: %+v", m, set)
	}
	sendBCM(t, tx, can.BCMMessage{Opcode: sock.CAN_BCM_TX_DELETE, ID: 0x42})
	p, err := can.BCMMessage{Opcode: sock.CAN_BCM_TX_READ, ID: 0x42}.Append(nil)
	must(t, err)
	if _, err := tx.Send(p, 0); !errors.Is(err, unix.EINVAL) {
		t.Errorf("after its end: %v, want EINVAL", err)
	}

	sendBCM(t, tx, can.BCMMessage{Opcode: sock.CAN_BCM_TX_SEND, Frames: []can.Frame{{ID: 0x43, Data: []byte{7}}}})
	for {
		p, err := raw.Recv(64, 0)
		must(t, err)
		if f, err := can.DecodeFrame(p); err != nil || f.ID != 0x42 { // the last of the cycle
			if f.String() != "043#07" {
				t.Errorf("got %v, %v; want 043#07", f, err)
			}
			break
		}
	}
}

func TestCANBCMChanged(t *testing.T) {
	bus := vcan(t, "vcanchg", can.CANFD_MTU)
	raw, rx := canRaw(t, bus), bcm(t, bus)
	must(t, raw.Setsockopt(sock.SOL_CAN_RAW, sock.CAN_RAW_FD_FRAMES, 1))
	set := can.BCMMessage{Opcode: sock.CAN_BCM_RX_SETUP, Flags: sock.CAN_BCM_SETTIMER, Ival1: 300 * time.Millisecond, Ival2: time.Microsecond, ID: 0x42,
		Frames: []can.Frame{{ID: 0x42, Data: []byte{0xff, 0}}}} // the first byte counts
	sendBCM(t, rx, set)
	sendBCM(t, rx, can.BCMMessage{Opcode: sock.CAN_BCM_RX_READ, ID: 0x42})
	if m := recvBCM(t, rx, sock.CAN_BCM_RX_STATUS); m.Ival1 != set.Ival1 || m.Ival2 != set.Ival2 || m.ID != 0x42 || len(m.Frames) != 1 || m.Frames[0].Data[0] != 0xff {
		t.Errorf("%+v, want %+v", m, set)
	}
	for _, text := range []string{"042#0101", "042#0102", "042#0203"} {
		send(t, raw, canBytes(t, text))
	}
	for _, want := range []string{"042#0101", "042#0203"} { // 042#0102 changes nothing
		if m := recvBCM(t, rx, sock.CAN_BCM_RX_CHANGED); len(m.Frames) != 1 || m.Frames[0].String() != want {
			t.Errorf("%+v, want %s", m, want)
		}
	}
	if m := recvBCM(t, rx, sock.CAN_BCM_RX_TIMEOUT); m.ID != 0x42 || len(m.Frames) != 0 {
		t.Errorf("%+v, want a timeout of 0x42", m)
	}
	sendBCM(t, rx, can.BCMMessage{Opcode: sock.CAN_BCM_RX_DELETE, ID: 0x42})

	// FD
	sendBCM(t, rx, can.BCMMessage{Opcode: sock.CAN_BCM_RX_SETUP, Flags: sock.CAN_BCM_RX_FILTER_ID | sock.CAN_BCM_CAN_FD_FRAME, ID: 0x50})
	text := "050##100112233445566778899AABB"
	send(t, raw, canBytes(t, text))
	m := recvBCM(t, rx, sock.CAN_BCM_RX_CHANGED)
	if len(m.Frames) != 1 || m.Frames[0].String() != text {
		t.Errorf("%+v, want %s", m, text)
	}
}
