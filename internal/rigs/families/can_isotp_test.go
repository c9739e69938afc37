//go:build linux

package families_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// isotp is a CAN_ISOTP socket; set is done before it is bound.
func isotp(t *testing.T, ifname string, rx, tx uint32, set func(*sock.Socket)) *sock.Socket {
	t.Helper()
	s := need(t, sock.AF_CAN, sock.SOCK_DGRAM, sock.CAN_ISOTP)
	if set != nil {
		set(s)
	}
	must(t, s.Bind(families.ISOTP(ifname, rx, tx)))
	must(t, s.SetTimeout(socktest.Patience))
	return s
}

// item 200
func TestCANISOTP(t *testing.T) {
	bus := vcan(t, "vcantp", can.CAN_MTU)
	pair := func(t *testing.T) (a, b *sock.Socket) {
		return isotp(t, bus, 0x7e8, 0x7e0, nil), isotp(t, bus, 0x7e0, 0x7e8, nil)
	}
	for _, size := range []int{7, 100} { // one frame; some, with flow control
		t.Run(map[int]string{7: "single frames", 100: "several frames"}[size], func(t *testing.T) {
			everyWay(t, pair, exchange{
				Message:  func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, size) },
				Patience: 100 * time.Millisecond,
				Sender:   fromInterface(bus),
				Ready:    wantTimestamp, Ancillary: hasTimestamp,
			})
		})
	}
	a, b := pair(t)
	if rx, tx := socktest.Name(t, a).ISOTP(); rx != 0x7e8 || tx != 0x7e0 {
		t.Errorf("bound to %#x and %#x, want 0x7e8 and 0x7e0", rx, tx)
	}
	for _, size := range []int{1, 8, 4000, 4095} {
		p := bytes.Repeat([]byte{byte(size)}, size)
		send(t, a, p)
		got, err := b.Recv(size+1, 0)
		must(t, err)
		if !bytes.Equal(got, p) {
			t.Errorf("%d bytes are %d bytes %s", size, len(got), head(got))
		}
	}
}

// One message at a time is under way: the next Send waits for its end.
func TestCANISOTPSendsInTurn(t *testing.T) {
	bus := vcan(t, "vcanturn", can.CAN_MTU)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := isotp(t, bus, 0x7e8, 0x7e0, nil), isotp(t, bus, 0x7e0, 0x7e8, nil)
		call := socktest.Start(func() error {
			for i := range 4 {
				if _, err := w.On(a).Send(bytes.Repeat([]byte{byte(i)}, 200), 0); err != nil {
					return err
				}
			}
			return nil
		})
		wantRuns(t, b, 4, 200)
		must(t, call.Wait(t))
	})
}

// wantRuns receives messages in order: message i has size bytes of the value i.
func wantRuns(t *testing.T, s *sock.Socket, messages, size int) {
	t.Helper()
	for i := range messages {
		got, err := s.Recv(size+1, 0)
		must(t, err)
		if !bytes.Equal(got, bytes.Repeat([]byte{byte(i)}, size)) {
			t.Errorf("message %d is %s", i, head(got))
		}
	}
}

func TestCANISOTPOptions(t *testing.T) {
	bus := vcan(t, "vcantpo", can.CANFD_MTU)
	options := can.ISOTPOptions{Flags: can.CAN_ISOTP_TX_PADDING | can.CAN_ISOTP_EXTEND_ADDR | can.CAN_ISOTP_RX_EXT_ADDR, FrameTxTime: 70 * time.Microsecond,
		ExtAddress: 0x11, RxExtAddress: 0x22, TxPad: 0xaa, RxPad: 0xbb}
	stmin, err := can.ISOTPSTmin(300 * time.Microsecond)
	must(t, err)
	flow := can.ISOTPFlowControl{BlockSize: 4, STmin: stmin, WaitMax: 1}
	link := can.ISOTPLinkLayer{MTU: can.CANFD_MTU, TxDL: 24, TxFlags: can.CANFD_BRS}
	a := isotp(t, bus, 0x7e8, 0x7e0, func(s *sock.Socket) {
		must(t, can.SetISOTPOptions(s, options))
		must(t, can.SetISOTPFlowControl(s, flow))
		must(t, can.SetISOTPLinkLayer(s, link))
		must(t, can.SetISOTPTxSTmin(s, time.Millisecond))
		must(t, can.SetISOTPRxSTmin(s, time.Millisecond))
	})
	if got, err := can.GetISOTPOptions(a); err != nil || got != options {
		t.Errorf("%+v, %v; want %+v", got, err, options)
	}
	if got, err := can.GetISOTPFlowControl(a); err != nil || got != flow {
		t.Errorf("%+v, %v; want %+v", got, err, flow)
	}
	if got, err := can.GetISOTPLinkLayer(a); err != nil || got != link {
		t.Errorf("%+v, %v; want %+v", got, err, link)
	}
	if err := can.SetISOTPOptions(a, options); !errors.Is(err, unix.EISCONN) {
		t.Errorf("once it is bound: %v, want EISCONN", err)
	}

	// They are what goes over the bus.
	raw := canRaw(t, bus)
	must(t, raw.Setsockopt(sock.SOL_CAN_RAW, sock.CAN_RAW_FD_FRAMES, 1))
	send(t, a, []byte("hello"))
	wantFrame(t, raw, "7E0##11105"+strings.ToUpper(hex.EncodeToString([]byte("hello")))+"AA") // address, length, data, one byte to fill

	b := isotp(t, bus, 0x7e0, 0x7e8, func(s *sock.Socket) {
		must(t, can.SetISOTPOptions(s, can.ISOTPOptions{Flags: options.Flags, ExtAddress: 0x22, RxExtAddress: 0x11}))
		must(t, can.SetISOTPFlowControl(s, flow))
		must(t, can.SetISOTPLinkLayer(s, link))
	})
	p := bytes.Repeat([]byte("segments"), 40)
	send(t, a, p)
	got, err := b.Recv(4096, 0)
	must(t, err)
	if !bytes.Equal(got, p) {
		t.Errorf("got %s", head(got))
	}
}

// Without a peer there is no flow control: the next receive gets the failure.
func TestCANISOTPNobodyThere(t *testing.T) {
	bus := vcan(t, "vcantpn", can.CAN_MTU)
	s := isotp(t, bus, 0x7e8, 0x7e0, nil)
	send(t, s, make([]byte, 100))
	if _, err := s.Recv(100, 0); !errors.Is(err, unix.ECOMM) {
		t.Errorf("%v, want ECOMM", err)
	}
}

func TestCANISOTPUtils(t *testing.T) {
	bus := vcan(t, "vcantpu", can.CAN_MTU)
	s := isotp(t, bus, 0x321, 0x123, nil)
	p := bytes.Repeat([]byte("0123456789"), 20)
	t.Run("isotpsend", func(t *testing.T) {
		output(t, fmt.Sprintf("% X", p), "isotpsend", "-s", "321", "-d", "123", bus)
		got, err := s.Recv(1000, 0)
		must(t, err)
		if !bytes.Equal(got, p) {
			t.Errorf("got %s", head(got))
		}
	})
	t.Run("isotprecv", func(t *testing.T) {
		r := start(t, "isotprecv", "-s", "321", "-d", "123", bus)
		awaitListeners(t, 2, "rcvlist_sff", bus, "123") // this socket, which awaits its own frames, and the program
		send(t, s, p)
		got, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(r.End(0)), " ", ""))
		if err != nil || !bytes.Equal(got, p) {
			t.Errorf("isotprecv wrote %s, %v", head(got), err)
		}
	})
}
