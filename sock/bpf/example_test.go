package bpf_test

import (
	"fmt"
	"math"

	"github.com/polluxio/pollux/sock/bpf"
)

func ExampleAssembler() {
	const arp = 0x0806
	program, err := new(bpf.Assembler).
		Load(2, 12). // the EtherType
		If(bpf.BPF_JEQ, arp, "take", "drop").
		Label("take").Ret(math.MaxUint32).
		Label("drop").Ret(0).
		Program()
	fmt.Println(len(program), program[1], err)
	// Output: 4 {21 0 1 2054} <nil>
}
