package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
)

func TestICMP6Filter(t *testing.T) {
	var pass sock.ICMP6Filter
	block := sock.ICMP6BlockAll()
	for typ := range 256 {
		if !pass.Passes(uint8(typ)) || block.Passes(uint8(typ)) {
			t.Fatalf("type %d: %v, %v", typ, pass.Passes(uint8(typ)), block.Passes(uint8(typ)))
		}
	}
	pass.Block(128)
	block.Pass(128)
	for typ := range 256 {
		if pass.Passes(uint8(typ)) == (typ == 128) || block.Passes(uint8(typ)) != (typ == 128) {
			t.Errorf("type %d: %v, %v", typ, pass.Passes(uint8(typ)), block.Passes(uint8(typ)))
		}
	}
	pass.Pass(128)
	block.Block(128)
	if pass != (sock.ICMP6Filter{}) || block != sock.ICMP6BlockAll() {
		t.Error("what was changed back is not as it was")
	}
}
