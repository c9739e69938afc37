package sock_test

import (
	"errors"
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
)

func TestInterfaces(t *testing.T) { // item 169
	list, err := sock.IfNameindex()
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, ifi := range list {
		if ifi.Index <= 0 || ifi.Name == "" {
			t.Errorf("%+v", ifi)
		}
		if index, err := sock.IfNametoindex(ifi.Name); index != ifi.Index || err != nil {
			t.Errorf("%q: %d, %v, want %d", ifi.Name, index, err, ifi.Index)
		}
		if name, err := sock.IfIndextoname(ifi.Index); name != ifi.Name || err != nil {
			t.Errorf("%d: %q, %v, want %q", ifi.Index, name, err, ifi.Name)
		}
	}
}

func TestNoInterface(t *testing.T) { // item 169
	list, err := sock.IfNameindex()
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, name := range []string{"nosuch", "", "a\x00b", strings.Repeat("a", 16), list[0].Name + "\x00", list[0].Name + " "} {
		if index, err := sock.IfNametoindex(name); !errors.Is(err, sock.ErrNoInterface) || errors.As(err, new(syscall.Errno)) {
			t.Errorf("%q: %d, %v", name, index, err)
		}
	}
	if sock.ErrNoInterface.Error() != "no interface with this name" {
		t.Error(sock.ErrNoInterface)
	}
	for _, index := range []int{0, math.MaxInt32} {
		if name, err := sock.IfIndextoname(index); !errors.Is(err, syscall.ENXIO) {
			t.Errorf("%d: %q, %v, want ENXIO", index, name, err)
		}
	}
	if name, err := sock.IfIndextoname(-1); argRule(err) != "can't convert negative value to unsigned int" {
		t.Errorf("-1: %q, %v", name, err)
	}
	if math.MaxInt > math.MaxUint32 {
		if name, err := sock.IfIndextoname(math.MaxInt); argRule(err) != "Python int too large to convert to C unsigned int" {
			t.Errorf("%d: %q, %v", math.MaxInt, name, err)
		}
	}
}
