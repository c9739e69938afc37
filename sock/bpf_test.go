package sock_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
)

func TestBPFAssembler(t *testing.T) {
	got, err := new(sock.BPFAssembler).
		Load(2, 12).
		If(sock.BPF_JEQ, sock.ETH_P_ARP, "take", "").
		If(sock.BPF_JEQ, sock.ETH_P_IP, "take", "drop").
		Label("take").Ret(math.MaxUint32).
		Label("drop").Ret(0).
		Program()
	want := []sock.BPFInstruction{ // as tcpdump -dd prints such a filter
		{0x28, 0, 0, 0x0000000c},
		{0x15, 1, 0, 0x00000806},
		{0x15, 0, 1, 0x00000800},
		{0x06, 0, 0, 0xffffffff},
		{0x06, 0, 0, 0x00000000},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	long := func(n int) *sock.BPFAssembler {
		b := new(sock.BPFAssembler).If(sock.BPF_JEQ, 1, "far", "")
		for range n {
			b.Load(1, 0)
		}
		return b.Label("far").Ret(0)
	}
	if _, err := long(255).Program(); err != nil {
		t.Errorf("the longest jump: %v", err)
	}
	for _, test := range []struct {
		name, want string
		b          *sock.BPFAssembler
	}{
		{"nothing", "1 to 4096", new(sock.BPFAssembler)},
		{"too much", "1 to 4096", new(sock.BPFAssembler).Add(make([]sock.BPFInstruction, 4097)...)},
		{"no end", "must be a BPF_RET", new(sock.BPFAssembler).Load(1, 0)},
		{"a size", "1, 2 or 4", new(sock.BPFAssembler).Load(3, 0).Ret(0)},
		{"no label", "is nowhere", new(sock.BPFAssembler).If(sock.BPF_JEQ, 1, "x", "").Ret(0)},
		{"a label twice", "be there once", new(sock.BPFAssembler).Label("x").Label("x").Ret(0)},
		{"backward", "forward only", new(sock.BPFAssembler).Label("x").If(sock.BPF_JEQ, 1, "x", "").Ret(0)},
		{"too far", "255", long(256)},
		{"out of the program", "jumps out", new(sock.BPFAssembler).Add(sock.BPFJump(sock.BPF_JMP|sock.BPF_JEQ, 0, 1, 0)).Ret(0)},
		{"far out of the program", "jumps out", new(sock.BPFAssembler).Add(sock.BPFStmt(sock.BPF_JMP|sock.BPF_JA, math.MaxUint32)).Ret(0)},
	} {
		_, err := test.b.Program()
		var arg *sock.ArgError
		if !errors.As(err, &arg) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
