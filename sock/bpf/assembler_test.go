package bpf_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/bpf"
)

// <linux/if_ether.h>
const (
	ETH_P_ARP = 0x0806
	ETH_P_IP  = 0x0800
)

func TestAssembler(t *testing.T) {
	got, err := new(bpf.Assembler).
		Load(2, 12).
		If(bpf.BPF_JEQ, ETH_P_ARP, "take", "").
		If(bpf.BPF_JEQ, ETH_P_IP, "take", "drop").
		Label("take").Ret(math.MaxUint32).
		Label("drop").Ret(0).
		Program()
	want := []bpf.Instruction{ // as tcpdump -dd prints such a filter
		{0x28, 0, 0, 0x0000000c},
		{0x15, 1, 0, 0x00000806},
		{0x15, 0, 1, 0x00000800},
		{0x06, 0, 0, 0xffffffff},
		{0x06, 0, 0, 0x00000000},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	long := func(n int) *bpf.Assembler {
		b := new(bpf.Assembler).If(bpf.BPF_JEQ, 1, "far", "")
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
		b          *bpf.Assembler
	}{
		{"nothing", "1 to 4096", new(bpf.Assembler)},
		{"too much", "1 to 4096", new(bpf.Assembler).Add(make([]bpf.Instruction, 4097)...)},
		{"no end", "must be a BPF_RET", new(bpf.Assembler).Load(1, 0)},
		{"a size", "1, 2 or 4", new(bpf.Assembler).Load(3, 0).Ret(0)},
		{"no label", "is nowhere", new(bpf.Assembler).If(bpf.BPF_JEQ, 1, "x", "").Ret(0)},
		{"a label twice", "be there once", new(bpf.Assembler).Label("x").Label("x").Ret(0)},
		{"backward", "forward only", new(bpf.Assembler).Label("x").If(bpf.BPF_JEQ, 1, "x", "").Ret(0)},
		{"too far", "255", long(256)},
		{"out of the program", "jumps out", new(bpf.Assembler).Add(bpf.Jump(bpf.BPF_JMP|bpf.BPF_JEQ, 0, 1, 0)).Ret(0)},
		{"far out of the program", "jumps out", new(bpf.Assembler).Add(bpf.Stmt(bpf.BPF_JMP|bpf.BPF_JA, math.MaxUint32)).Ret(0)},
	} {
		_, err := test.b.Program()
		var arg *sock.ArgError
		if !errors.As(err, &arg) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
