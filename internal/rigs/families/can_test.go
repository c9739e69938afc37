//go:build linux

package families_test

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/rigs/rtnl"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// vcan makes a virtual CAN bus: mtu is CAN_MTU, CANFD_MTU or CANXL_MTU, and says which frames it
// takes.
func vcan(t *testing.T, name string, mtu int) string {
	t.Helper()
	need(t, sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW).Close()
	addLink(t, name, "vcan", mtu, nil)
	return name
}

// canRaw is a CAN_RAW socket on that interface, "" for all.
func canRaw(t *testing.T, ifname string) *sock.Socket {
	t.Helper()
	s := need(t, sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW)
	must(t, s.Bind(families.CAN(ifname)))
	must(t, s.SetTimeout(socktest.Patience))
	return s
}

// canBytes is the bytes of a frame that is written as candump does.
func canBytes(t testing.TB, text string) []byte {
	t.Helper()
	f, err := can.ParseFrame(text)
	must(t, err)
	p, err := f.Append(nil)
	must(t, err)
	return p
}

func send(t *testing.T, s *sock.Socket, p []byte) {
	t.Helper()
	n, err := s.Send(p, 0)
	must(t, err)
	if n != len(p) {
		t.Fatalf("sent %d bytes of %d", n, len(p))
	}
}

// wantFrame receives a frame, and wants this one.
func wantFrame(t *testing.T, s *sock.Socket, want string) {
	t.Helper()
	p, err := s.Recv(can.CANXL_MTU, 0)
	if err != nil {
		t.Fatalf("no frame %s: %v", want, err)
	}
	f, err := can.DecodeFrame(p)
	must(t, err)
	if f.String() != want {
		t.Fatalf("got %s, want %s", f, want)
	}
}

// wantNothing sends a last frame after all others, and wants to receive that and none before it.
func wantNothing(t *testing.T, s, from *sock.Socket, last string) {
	t.Helper()
	send(t, from, canBytes(t, last))
	wantFrame(t, s, last)
}

// fromInterface checks that a message came by that interface.
func fromInterface(ifname string) func(*testing.T, *sock.Socket, sock.Addr) {
	return func(t *testing.T, _ *sock.Socket, from sock.Addr) {
		t.Helper()
		if index := uint32(indexOf(t, ifname)); from.ScopeID() != index {
			t.Errorf("from %v, want interface %d", from, index)
		}
	}
}

func wantTimestamp(t *testing.T, s *sock.Socket) {
	t.Helper()
	must(t, s.Setsockopt(sock.SOL_SOCKET, unix.SO_TIMESTAMP, 1))
}

func hasTimestamp(t *testing.T, items []sock.Control, _ int) {
	t.Helper()
	wantItem(t, items, sock.SOL_SOCKET, unix.SO_TIMESTAMP)
}

// items 199, 203
func TestCANRaw(t *testing.T) {
	bus := vcan(t, "vcanraw", can.CAN_MTU)
	message := func(i int) []byte {
		p, err := can.Frame{ID: uint32(0x100 + i), Data: bytes.Repeat([]byte{byte(i)}, i%9)}.Append(nil)
		must(t, err)
		return p
	}
	x := exchange{Message: message, Ready: wantTimestamp, Ancillary: hasTimestamp, Sender: fromInterface(bus)}
	everyWay(t, func(t *testing.T) (a, b *sock.Socket) { return canRaw(t, bus), canRaw(t, bus) }, x)

	// From any interface, to the one of the address.
	t.Run("by address", func(t *testing.T) {
		x.To = func(*sock.Socket) sock.Addr { return families.CAN(bus) }
		everyWay(t, func(t *testing.T) (a, b *sock.Socket) { return canRaw(t, ""), canRaw(t, "") }, x)
	})
}

// item 199: the name of the interface is in what getsockname makes; ” is all of them.
func TestCANName(t *testing.T) {
	bus := vcan(t, "vcanname", can.CAN_MTU)
	if _, index := socktest.Name(t, canRaw(t, bus)).Interface(); index != uint32(indexOf(t, bus)) {
		t.Errorf("getsockname says interface %d, want that of %s", index, bus)
	}
	if _, index := socktest.Name(t, canRaw(t, "")).Interface(); index != 0 {
		t.Errorf("getsockname says interface %d, want 0", index)
	}
}

func TestCANFD(t *testing.T) {
	bus := vcan(t, "vcanfd", can.CANFD_MTU)
	fd := func(t *testing.T) *sock.Socket {
		s := canRaw(t, bus)
		must(t, s.Setsockopt(sock.SOL_CAN_RAW, sock.CAN_RAW_FD_FRAMES, 1))
		return s
	}
	a, b, classic := fd(t), fd(t), canRaw(t, bus)
	for _, text := range []string{"123##1" + strings.Repeat("AB", 64), "00000123##0", "123##2AA", "123#AA"} {
		send(t, b, canBytes(t, text))
		wantFrame(t, a, text)
	}
	wantFrame(t, classic, "123#AA") // and none of the others
	if _, err := classic.Send(canBytes(t, "123##1AA"), 0); !errors.Is(err, unix.EINVAL) {
		t.Errorf("FD from a socket without CAN_RAW_FD_FRAMES: %v, want EINVAL", err)
	}
	if _, err := b.Send(make([]byte, 15), 0); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a part of a frame: %v, want EINVAL", err)
	}

	// Newer kernels set CANFD_FDF.
	probe := canBytes(t, "123##1AA")
	send(t, b, probe)
	got, err := a.Recv(can.CANXL_MTU, 0)
	must(t, err)
	mark := got[5] &^ probe[5]
	everyWay(t, func(t *testing.T) (a, b *sock.Socket) { return fd(t), fd(t) }, exchange{
		Message: func(i int) []byte {
			p, err := can.Frame{ID: uint32(i), Kind: can.FD, Flags: can.CANFD_BRS, Data: bytes.Repeat([]byte{byte(i)}, 16*(i%5))}.Append(nil)
			must(t, err)
			return p
		},
		Arrives: func(sent []byte) []byte {
			p := bytes.Clone(sent)
			p[5] |= mark
			return p
		},
		Ready: wantTimestamp, Ancillary: hasTimestamp, Sender: fromInterface(bus),
	})
}

func TestCANXL(t *testing.T) {
	if err := canRaw(t, vcan(t, "vcanxl", can.CANFD_MTU)).Setsockopt(sock.SOL_CAN_RAW, can.CAN_RAW_XL_FRAMES, 1); errors.Is(err, unix.ENOPROTOOPT) {
		t.Skipf("CAN_RAW_XL_FRAMES: %v: it came with Linux 6.1, run it on that or a newer one", err)
	} else {
		must(t, err)
	}
	bus := vcan(t, "vcanxxl", can.CANXL_MTU)
	xl := func(t *testing.T) *sock.Socket {
		s := canRaw(t, bus)
		must(t, s.Setsockopt(sock.SOL_CAN_RAW, can.CAN_RAW_XL_FRAMES, 1))
		return s
	}
	a, b := xl(t), xl(t)
	for _, text := range []string{"00123#81:07:12345678#" + strings.Repeat("AB", 2048), "00001#80:00:00000000#01", "123##1AABB", "123#AA"} {
		send(t, b, canBytes(t, text))
		wantFrame(t, a, text)
	}
	everyWay(t, func(t *testing.T) (a, b *sock.Socket) { return xl(t), xl(t) }, exchange{
		Message: func(i int) []byte {
			p, err := can.Frame{ID: uint32(i), Kind: can.XL, SDT: 3, AF: 0x1234, Data: bytes.Repeat([]byte{byte(i)}, 2000-100*i)}.Append(nil)
			must(t, err)
			return p
		},
		Ready: wantTimestamp, Ancillary: hasTimestamp, Sender: fromInterface(bus),
	})
}

// The virtual networks of CAN XL.
func TestCANNetwork(t *testing.T) {
	bus := vcan(t, "vcannet", can.CANXL_MTU)
	a, b := canRaw(t, bus), canRaw(t, bus)
	pass := can.Network{Flags: can.CAN_RAW_XL_VCID_TX_PASS}
	if err := can.SetNetwork(b, pass); errors.Is(err, unix.ENOPROTOOPT) {
		t.Logf("CAN_RAW_XL_VCID_OPTS: %v: it came with Linux 6.9; RIG_KERNEL=6.12-amd64 has it", err)
		return
	} else {
		must(t, err)
	}
	some := can.Network{Flags: can.CAN_RAW_XL_VCID_RX_FILTER, Rx: 0x40, RxMask: 0xf0}
	must(t, can.SetNetwork(a, some))
	if got, err := can.GetNetwork(a); err != nil || got != some {
		t.Errorf("%+v, %v; want %+v", got, err, some)
	}
	plain := canRaw(t, bus)
	for _, s := range []*sock.Socket{a, b, plain} {
		must(t, s.Setsockopt(sock.SOL_CAN_RAW, can.CAN_RAW_XL_FRAMES, 1))
	}
	for _, text := range []string{"45123#80:00:00000000#01", "55123#80:00:00000000#02", "4F123#80:00:00000000#03"} {
		send(t, b, canBytes(t, text))
	}
	wantFrame(t, a, "45123#80:00:00000000#01")
	wantFrame(t, a, "4F123#80:00:00000000#03")
	must(t, can.SetNetwork(b, can.Network{Flags: can.CAN_RAW_XL_VCID_TX_SET, Tx: 0x41}))
	send(t, b, canBytes(t, "00123#80:00:00000000#04"))
	wantFrame(t, a, "41123#80:00:00000000#04")
	must(t, can.SetNetwork(b, can.Network{}))
	wantNothing(t, plain, b, "00123#80:00:00000000#05") // before it, of the other networks
}

// item 203: CAN_RAW_FILTER takes pairs of numbers, the others ints.
func TestCANFilter(t *testing.T) {
	bus := vcan(t, "vcanflt", can.CAN_MTU)
	sent := []string{"123#01", "124#02", "00000123#03", "1F334455#04", "123#R"}
	for _, tt := range []struct {
		name    string
		filters string
		join    bool
		want    []int // of what is sent
	}{
		{"all", "000:0", false, []int{0, 1, 2, 3, 4}},
		{"one, whatever its flags", "123:7FF", false, []int{0, 2, 4}},
		{"one, of 11 bits", "123:C00007FF", false, []int{0}},
		{"one, of 29 bits", "1F334455:DFFFFFFF", false, []int{3}},
		{"either", "123:C00007FF 124:C00007FF", false, []int{0, 1}},
		{"all but one", "123~C00007FF", false, []int{1, 2, 3, 4}},
		{"none", "", false, nil},
		{"both", "120:7F0 124~7FF", true, []int{0, 2, 4}},
		{"not joined", "120:7F0 124~7FF", false, []int{0, 1, 2, 3, 4}}, // and once each
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			var filters []can.Filter
			for text := range strings.FieldsSeq(tt.filters) {
				f, err := can.ParseFilter(text)
				must(t, err)
				filters = append(filters, f)
			}
			a, b := canRaw(t, bus), canRaw(t, bus)
			must(t, can.SetFilters(a, filters...))
			join := 0
			if tt.join {
				join = 1
			}
			must(t, a.Setsockopt(sock.SOL_CAN_RAW, sock.CAN_RAW_JOIN_FILTERS, join))
			got, err := can.GetFilters(a)
			must(t, err)
			if len(got) != len(filters) {
				t.Fatalf("filters %v, want %v", got, filters)
			}
			for i, f := range filters {
				if got[i] != f {
					t.Errorf("filter %d is %v, want %v", i, got[i], f)
				}
			}
			for _, text := range sent {
				send(t, b, canBytes(t, text))
			}
			for _, i := range tt.want {
				wantFrame(t, a, sent[i])
			}
			// And nothing else: on such a bus, what was sent is there at once.
			must(t, a.SetBlocking(false))
			if p, err := a.Recv(64, 0); !errors.Is(err, sock.ErrWouldBlock) {
				t.Errorf("%x, %v behind them; want ErrWouldBlock", p, err)
			}
		})
	}
	t.Run("512, and one more", func(t *testing.T) {
		s := canRaw(t, bus)
		many := make([]can.Filter, can.CAN_RAW_FILTER_MAX)
		for i := range many {
			many[i] = can.Filter{ID: uint32(i), Mask: 0x7ff, Invert: i%2 == 1}
		}
		must(t, can.SetFilters(s, many...))
		got, err := can.GetFilters(s)
		must(t, err)
		if len(got) != len(many) || got[511] != many[511] {
			t.Errorf("%d filters, want %d", len(got), len(many))
		}
		var arg *sock.ArgError
		if err := can.SetFilters(s, append(many, can.Filter{})...); !errors.As(err, &arg) {
			t.Errorf("%v, want an *ArgError", err)
		}
	})
}

// One's own frames come back if that is wanted; recvmsg tells them and those of this host.
func TestCANOwnFrames(t *testing.T) {
	bus := vcan(t, "vcanown", can.CAN_MTU)
	a, b := canRaw(t, bus), canRaw(t, bus)
	must(t, a.Setsockopt(sock.SOL_CAN_RAW, sock.CAN_RAW_RECV_OWN_MSGS, 1))
	p := canBytes(t, "123#0102")
	flags := func(s *sock.Socket) int {
		t.Helper()
		got, _, flags, _, err := s.Recvmsg(64, 0, 0)
		must(t, err)
		if !bytes.Equal(got, p) {
			t.Fatalf("%x, want %x", got, p)
		}
		return flags & (sock.MSG_DONTROUTE | unix.MSG_CONFIRM)
	}
	send(t, a, p)
	if f := flags(a); f != sock.MSG_DONTROUTE|unix.MSG_CONFIRM {
		t.Errorf("its own frame: flags %#x, want MSG_DONTROUTE and MSG_CONFIRM", f)
	}
	if f := flags(b); f != sock.MSG_DONTROUTE {
		t.Errorf("a frame of this host: flags %#x, want MSG_DONTROUTE", f)
	}
	must(t, a.Setsockopt(sock.SOL_CAN_RAW, sock.CAN_RAW_LOOPBACK, 0))
	send(t, a, p) // no socket here receives it
	must(t, a.Setsockopt(sock.SOL_CAN_RAW, sock.CAN_RAW_LOOPBACK, 1))
	wantNothing(t, b, a, "001#")
}

func TestCANErrorFrames(t *testing.T) {
	bus := vcan(t, "vcanerr", can.CAN_MTU)
	a, b := canRaw(t, bus), canRaw(t, bus)
	must(t, can.SetErrorFilter(a, can.CAN_ERR_BUSOFF|can.CAN_ERR_PROT))
	if mask, err := can.GetErrorFilter(a); err != nil || mask != can.CAN_ERR_BUSOFF|can.CAN_ERR_PROT {
		t.Errorf("error filter %#x, %v", mask, err)
	}
	for _, e := range []can.ErrorInfo{{Class: can.CAN_ERR_CRTL}, {Class: can.CAN_ERR_BUSOFF}, {Class: can.CAN_ERR_PROT, Protocol: can.CAN_ERR_PROT_STUFF, Location: 0x0a}} {
		p, err := e.Frame().Append(nil)
		must(t, err)
		send(t, b, p)
	}
	for _, want := range []string{"bus off", "protocol violation (wrong stuffing) at data"} {
		p, err := a.Recv(64, 0)
		must(t, err)
		f, err := can.DecodeFrame(p)
		must(t, err)
		if e, ok := f.ErrorFrame(); !ok || e.String() != want {
			t.Errorf("%v, %v; want %q", e, ok, want)
		}
	}
}

// item 199: what cannot be bound to names the call and the address.
func TestCANErrors(t *testing.T) {
	bus := vcan(t, "vcanbad", can.CAN_MTU)
	s := need(t, sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW)
	if _, err := s.Sendto(canBytes(t, "123#"), 0, families.CAN("nosuchcan")); !errors.Is(err, unix.ENODEV) || !strings.HasPrefix(err.Error(), "sendto can raw") || !strings.Contains(err.Error(), "nosuchcan: ") {
		t.Errorf("%v, want ENODEV of sendto to nosuchcan", err)
	}
	if _, err := s.Send(canBytes(t, "123#"), 0); !errors.Is(err, unix.ENXIO) {
		t.Errorf("%v without an interface, want ENXIO", err)
	}
	if err := s.Bind(families.CAN("lo")); !errors.Is(err, unix.ENODEV) {
		t.Errorf("%v for an interface of another kind, want ENODEV", err)
	}
	must(t, s.Bind(families.CAN(bus)))
	must(t, s.SetTimeout(socktest.Patience))
	if name := s.InterfaceOf(socktest.Name(t, s)); name != bus {
		t.Errorf("it is bound to %q, want %q", name, bus)
	}

	// An interface that goes ends the waits.
	call := socktest.Start(func() error { _, err := s.Recv(64, 0); return err })
	socktest.AwaitWaiting(t, s)
	must(t, rtnl.Request(unix.RTM_NEWLINK, 0, rtnl.Link(indexOf(t, bus), 0, unix.IFF_UP)))
	if err := call.Wait(t); !errors.Is(err, unix.ENETDOWN) {
		t.Errorf("%v when the interface went down, want ENETDOWN", err)
	}
}

// awaitListeners waits until there are n that listen to an identifier on that interface, a program
// among them: as a list of /proc/net/can has it.
func awaitListeners(t *testing.T, n int, list, ifname, id string) {
	t.Helper()
	var p []byte
	for end := time.Now().Add(socktest.Patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		p, _ = os.ReadFile("/proc/net/can/" + list)
		found := 0
		for line := range strings.Lines(string(p)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == ifname && f[1] == id {
				found++
			}
		}
		if found >= n {
			return
		}
	}
	t.Fatalf("not %d listen to %s on %s; %s has\n%s", n, id, ifname, list, p)
}

func TestCANUtils(t *testing.T) {
	bus := vcan(t, "vcanutil", can.CANFD_MTU)
	s := canRaw(t, bus)
	must(t, s.Setsockopt(sock.SOL_CAN_RAW, sock.CAN_RAW_FD_FRAMES, 1))
	must(t, can.SetErrorFilter(s, sock.CAN_ERR_MASK))
	texts := []string{"123#", "123#DEADBEEF", "1F334455#1122334455667788", "123#R", "123#R5", "123##1" + strings.Repeat("0F", 64), "00000001##3"}
	t.Run("cansend", func(t *testing.T) {
		for _, text := range texts {
			output(t, "", "cansend", bus, text)
			wantFrame(t, s, text)
		}
	})
	t.Run("candump", func(t *testing.T) {
		texts := append(texts, "20000004#0001000000000000")
		// It writes when its buffer is full, or at its end.
		dump := start(t, "candump", "-L", "-n", strconv.Itoa(len(texts)), bus+",0:0,#FFFFFFFF")
		awaitListeners(t, 2, "rcvlist_all", bus, "000")
		awaitListeners(t, 2, "rcvlist_err", bus, "000")
		for _, text := range texts {
			send(t, s, canBytes(t, text))
		}
		lines := strings.Split(strings.TrimSpace(dump.End(0)), "\n")
		if len(lines) != len(texts) {
			t.Fatalf("candump wrote %q, want %d lines", lines, len(texts))
		}
		for i, line := range lines {
			// Newer kernels say CANFD_FDF, and this candump shows it.
			f, err := can.ParseFrame(line[strings.LastIndexByte(line, ' ')+1:])
			if err != nil || f.String() != texts[i] {
				t.Errorf("candump wrote %q, which is %v, %v; want %s", line, f, err, texts[i])
			}
		}
	})
}
