package families_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/polluxio/pollux/families"
)

func TestAddrIsSmall(t *testing.T) {
	// An Addr is passed by value in each send and receive.
	if size := reflect.TypeFor[families.Addr]().Size(); size > 56 {
		t.Errorf("an Addr has %d bytes, want at most 56", size)
	}
}

func TestAddrZero(t *testing.T) {
	var a families.Addr
	if !a.IsZero() || a.Kind() != families.KindNone || a.String() != "" || a.Network() != "" {
		t.Errorf("zero Addr: IsZero %v, Kind %v, String %q, Network %q", a.IsZero(), a.Kind(), a.String(), a.Network())
	}
	if families.Inet("", 0).IsZero() || families.Unix("").IsZero() {
		t.Error("the wildcard address and the empty path are addresses")
	}
	if n := families.Host.FamilyOf(a); n != -1 {
		t.Errorf("FamilyOf = %d, want -1", n)
	}
	if _, err := families.Host.Encode(make([]byte, families.MaxSockaddr), a); !errors.Is(err, families.ErrBadFamily) {
		t.Errorf("Encode: %v, want ErrBadFamily", err)
	}
}

// Each method for one family also works on addresses of the others.
func TestAddrOfOtherFamily(t *testing.T) {
	for _, a := range []families.Addr{{}, families.Unix("/x"), families.Raw(99, []byte{1})} {
		if a.Host() != "" || a.Port() != 0 || a.FlowInfo() != 0 || a.ScopeID() != 0 || a.Zone() != "" || a.NeedsHost() {
			t.Errorf("%q has a host", a)
		}
		if a.AddrPort().IsValid() {
			t.Errorf("%q has an AddrPort", a)
		}
		if a.WithScope(2) != a {
			t.Errorf("%q takes a scope", a)
		}
	}
	a := families.Inet("127.0.0.1", 80)
	if a.Path() != "" || a.WithScope(2) != a {
		t.Error("an inet address has a path or a scope")
	}
	if n, data := a.RawData(); n != -1 || data != nil {
		t.Errorf("RawData = %d, %x; want -1, nil", n, data)
	}
}

// Each method for one format returns nothing for addresses of other formats, whatever these hold.
func TestAddrOfOtherFormat(t *testing.T) {
	methods := map[families.Kind]func(families.Addr) []any{
		families.KindNetlink: func(a families.Addr) []any { pid, groups := a.Netlink(); return []any{pid, groups} },
		families.KindPacket: func(a families.Addr) []any {
			proto, pkttype, hatype, hardware := a.Packet()
			return []any{proto, pkttype, hatype, len(hardware)}
		},
		families.KindVsock: func(a families.Addr) []any { cid, port := a.Vsock(); return []any{cid, port} },
		families.KindTIPC: func(a families.Addr) []any {
			addrType, v1, v2, v3, scope := a.TIPC()
			typ, instance := a.TIPCMember()
			return []any{addrType, v1, v2, v3, scope, a.TIPCDomain(), typ, instance}
		},
		families.KindALG: func(a families.Addr) []any {
			typ, name, feat, mask := a.ALG()
			return []any{typ, name, feat, mask}
		},
		families.KindQIPCRTR: func(a families.Addr) []any { node, port := a.QIPCRTR(); return []any{node, port} },
		families.KindLink:    func(a families.Addr) []any { typ, hardware := a.Link(); return []any{typ, len(hardware)} },
		families.KindISOTP:   func(a families.Addr) []any { rx, tx := a.ISOTP(); return []any{rx, tx} },
		families.KindJ1939:   func(a families.Addr) []any { name, pgn, addr := a.J1939(); return []any{name, pgn, addr} },
		families.KindL2CAP: func(a families.Addr) []any {
			bdaddr, psm, cid, bdaddrType := a.L2CAP()
			return []any{bdaddr, psm, cid, bdaddrType}
		},
		families.KindRFCOMM: func(a families.Addr) []any { bdaddr, channel := a.RFCOMM(); return []any{bdaddr, channel} },
		families.KindHCI: func(a families.Addr) []any {
			dev, channel := a.HCI()
			return []any{dev, channel, a.HCINode()}
		},
		families.KindHyperV: func(a families.Addr) []any { vm, service := a.HyperV(); return []any{vm, service} },
		families.KindSystem: func(a families.Addr) []any { id, unit := a.SystemID(); return []any{id, unit} },
	}
	for _, test := range allSockaddrs {
		a := test.addr
		for kind, method := range methods {
			if kind == a.Kind() {
				continue
			}
			for _, v := range method(a) {
				if !reflect.ValueOf(v).IsZero() {
					t.Errorf("%q of %s: the methods of %s say %v", a, a.Network(), kind, method(a))
				}
			}
		}
		switch a.Kind() {
		case families.KindL2CAP, families.KindRFCOMM, families.KindHCI, families.KindSCO:
		default:
			if a.Bdaddr() != "" {
				t.Errorf("%q of %s: Bdaddr %q", a, a.Network(), a.Bdaddr())
			}
		}
		switch a.Kind() {
		case families.KindPacket, families.KindLink, families.KindCAN, families.KindISOTP, families.KindJ1939:
		default:
			if name, index := a.Interface(); name != "" || index != 0 {
				t.Errorf("%q of %s: Interface %q, %d", a, a.Network(), name, index)
			}
			if a.Kind() != families.KindInet6 && a.ScopeID() != 0 {
				t.Errorf("%q of %s: ScopeID %d", a, a.Network(), a.ScopeID())
			}
		}
	}
}

func TestAddrText(t *testing.T) {
	type config struct{ Listen, Peer families.Addr }
	want := config{Listen: families.Inet6Scoped("fe80::1", 80, 0, 2)}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != `{"Listen":"[fe80::1%2]:80","Peer":""}` {
		t.Errorf("marshaled to %s", text)
	}
	var got config
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("unmarshaled to %v, %v; want %v", got, err, want)
	}
	if err := json.Unmarshal([]byte(`{"Peer":"nowhere"}`), &got); !errors.Is(err, families.ErrSyntax) {
		t.Errorf("unmarshal of nonsense: %v, want ErrSyntax", err)
	}
	if _, err := families.Inet("::1", 80).MarshalText(); err == nil {
		t.Error("an address that cannot be used has a text")
	}
	if _, err := families.Inet("127.0.0.1", 70000).MarshalText(); !errors.Is(err, families.ErrPort) {
		t.Errorf("a port out of range: %v, want ErrPort", err)
	}
}

func TestKindString(t *testing.T) {
	for k, want := range map[families.Kind]string{
		families.KindNone:  "",
		families.KindInet:  "inet",
		families.KindInet6: "inet6",
		families.KindUnix:  "unix",
		families.KindRaw:   "raw",

		families.KindNetlink: "netlink", families.KindPacket: "packet", families.KindVsock: "vsock", families.KindTIPC: "tipc",
		families.KindALG: "alg", families.KindQIPCRTR: "qipcrtr", families.KindLink: "link",
		families.KindCAN: "can", families.KindISOTP: "isotp", families.KindJ1939: "j1939",
		families.KindL2CAP: "l2cap", families.KindRFCOMM: "rfcomm", families.KindHCI: "hci", families.KindSCO: "sco",
		families.KindHyperV: "hyperv", families.KindSystem: "system",
		250: "kind 250",
	} {
		if got := k.String(); got != want {
			t.Errorf("Kind(%d) = %q, want %q", k, got, want)
		}
	}
}
