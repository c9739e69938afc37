// Package bpf makes and attaches filters: programs that the kernel runs on each packet before a
// socket gets it. They are classic BPF, see socket(7) and <linux/filter.h>. A socket of any family
// can have one. The package has an assembler with named jumps, and the calls that attach a program.
//
//	program, err := new(bpf.Assembler).
//		Load(1, 0).
//		If(bpf.BPF_JEQ, 'x', "drop", "").
//		Ret(math.MaxUint32).
//		Label("drop").Ret(0).
//		Program()
//	err = bpf.Attach(s, program)
//
// Programs are made on every system. The calls return errors.ErrUnsupported on a system other than
// Linux.
package bpf

import (
	"fmt"

	"github.com/polluxio/pollux/sock"
)

// An Instruction is one instruction of a filter: struct sock_filter of <linux/filter.h>.
//
//	struct sock_filter {
//		__u16 code;  // 0
//		__u8  jt;    // 2
//		__u8  jf;    // 3
//		__u32 k;     // 4
//	};               // 8
type Instruction struct {
	Op uint16 // the sum of BPF_*
	Jt uint8  // of a jump: the instructions to skip if it holds
	Jf uint8  // of a jump: the instructions to skip if it does not
	K  uint32 // the operand
}

// The codes of instructions. First the class, then what is added to it: <linux/bpf_common.h>. At
// the end the offsets of what is not in the packet: <linux/filter.h>.
const (
	BPF_LD   = 0x00
	BPF_LDX  = 0x01
	BPF_ST   = 0x02
	BPF_STX  = 0x03
	BPF_ALU  = 0x04
	BPF_JMP  = 0x05
	BPF_RET  = 0x06
	BPF_MISC = 0x07

	BPF_W = 0x00 // of a load: 4 bytes, 2, 1
	BPF_H = 0x08
	BPF_B = 0x10

	// Of a load: k, at k, at k + X, a scratch word, the length of the packet, 4 * (the low half of
	// the byte at k).
	BPF_IMM = 0x00
	BPF_ABS = 0x20
	BPF_IND = 0x40
	BPF_MEM = 0x60
	BPF_LEN = 0x80
	BPF_MSH = 0xa0

	BPF_ADD = 0x00 // of arithmetic
	BPF_SUB = 0x10
	BPF_MUL = 0x20
	BPF_DIV = 0x30
	BPF_OR  = 0x40
	BPF_AND = 0x50
	BPF_LSH = 0x60
	BPF_RSH = 0x70
	BPF_NEG = 0x80
	BPF_MOD = 0x90
	BPF_XOR = 0xa0

	BPF_JA   = 0x00 // of a jump
	BPF_JEQ  = 0x10
	BPF_JGT  = 0x20
	BPF_JGE  = 0x30
	BPF_JSET = 0x40

	BPF_K = 0x00 // the operand is k, X, or, of BPF_RET, A
	BPF_X = 0x08
	BPF_A = 0x10

	BPF_TAX = 0x00
	BPF_TXA = 0x80

	BPF_MAXINSNS = 4096

	// -0x1000: add one of those below, and load from there with BPF_ABS.
	SKF_AD_OFF      = 0xfffff000
	SKF_AD_PROTOCOL = 0
	SKF_AD_PKTTYPE  = 4
	SKF_AD_IFINDEX  = 8
	SKF_AD_VLAN_TAG = 44
	SKF_NET_OFF     = 0xfff00000 // -0x100000: from the network header on
	SKF_LL_OFF      = 0xffe00000 // -0x200000: from the link header on
)

// Stmt returns an instruction that does not jump: BPF_STMT in C.
func Stmt(op uint16, k uint32) Instruction { return Instruction{Op: op, K: k} }

// Jump returns an instruction that jumps: BPF_JUMP in C.
func Jump(op uint16, k uint32, jt, jf uint8) Instruction { return Instruction{op, jt, jf, k} }

// An Assembler builds a program whose jumps have names instead of numbers. Its methods return the
// Assembler, so that calls can be chained. Program returns the first error.
//
//	filter, err := new(bpf.Assembler).
//		Load(2, 12).                              // the EtherType
//		If(bpf.BPF_JEQ, sock.ETH_P_ARP, "take", ""). // "" is the next instruction
//		If(bpf.BPF_JEQ, sock.ETH_P_IP, "take", "drop").
//		Label("take").Ret(math.MaxUint32).
//		Label("drop").Ret(0).
//		Program()
type Assembler struct {
	program []Instruction
	labels  map[string]int
	jumps   []jump
	err     error
}

type jump struct {
	at       int
	yes, not string
}

func (b *Assembler) fail(kind sock.ArgKind, what string, value any, rule string) *Assembler {
	if b.err == nil {
		b.err = &sock.ArgError{Kind: kind, Arg: what, Value: value, Rule: rule}
	}
	return b
}

// Add appends instructions as they are.
func (b *Assembler) Add(instructions ...Instruction) *Assembler {
	b.program = append(b.program, instructions...)
	return b
}

// Load loads size bytes of the packet, 1, 2 or 4, from offset on into A, as a number in network
// order. The kernel drops a packet that is too short for it.
func (b *Assembler) Load(size int, offset uint32) *Assembler {
	switch size {
	case 1:
		return b.Add(Stmt(BPF_LD|BPF_B|BPF_ABS, offset))
	case 2:
		return b.Add(Stmt(BPF_LD|BPF_H|BPF_ABS, offset))
	case 4:
		return b.Add(Stmt(BPF_LD|BPF_W|BPF_ABS, offset))
	}
	return b.fail(sock.ArgUnknown, "size", size, "a load takes 1, 2 or 4 bytes")
}

// If compares A with k and jumps to the label yes or not. op is BPF_JEQ, BPF_JGT, BPF_JGE or
// BPF_JSET. The label "" is the next instruction. A label must come later, at most 255 instructions
// on.
func (b *Assembler) If(op uint16, k uint32, yes, not string) *Assembler {
	b.jumps = append(b.jumps, jump{len(b.program), yes, not})
	return b.Add(Jump(BPF_JMP|BPF_K|op, k, 0, 0))
}

// Label names the next instruction.
func (b *Assembler) Label(name string) *Assembler {
	if _, twice := b.labels[name]; twice || name == "" {
		return b.fail(sock.ArgConflict, "label", name, "must have a name, and be there once")
	}
	if b.labels == nil {
		b.labels = make(map[string]int)
	}
	b.labels[name] = len(b.program)
	return b
}

// Ret ends the program and keeps the first n bytes of the packet: 0 drops it, math.MaxUint32 keeps
// all.
func (b *Assembler) Ret(n uint32) *Assembler { return b.Add(Stmt(BPF_RET|BPF_K, n)) }

// Program returns the program. Error: a *sock.ArgError for the first mistake.
func (b *Assembler) Program() ([]Instruction, error) {
	for _, j := range b.jumps {
		b.program[j.at].Jt = b.distance(j.at, j.yes)
		b.program[j.at].Jf = b.distance(j.at, j.not)
	}
	if b.err == nil {
		b.err = check(b.program)
	}
	if b.err != nil {
		return nil, b.err
	}
	return b.program, nil
}

func (b *Assembler) distance(at int, label string) uint8 {
	if label == "" {
		return 0
	}
	to, ok := b.labels[label]
	n := to - at - 1
	switch {
	case !ok:
		b.fail(sock.ArgMissing, "label", label, "is nowhere")
	case n < 0:
		b.fail(sock.ArgConflict, "label", label, "a jump goes forward only")
	case n > 255:
		b.fail(sock.ArgRange, "label", label, fmt.Sprintf("a jump skips 255 instructions at most, not %d", n))
	}
	return uint8(n)
}

// check finds mistakes for which the kernel would return a bare EINVAL.
func check(program []Instruction) error {
	n := len(program)
	if n == 0 || n > BPF_MAXINSNS {
		return &sock.ArgError{Kind: sock.ArgLength, Arg: "filter", Value: n, Rule: "must have 1 to 4096 instructions"}
	}
	if program[n-1].Op&7 != BPF_RET {
		return &sock.ArgError{Kind: sock.ArgSyntax, Arg: "filter", Value: program[n-1], Rule: "the last instruction must be a BPF_RET"}
	}
	for i, in := range program {
		if in.Op&7 != BPF_JMP {
			continue
		}
		far := max(uint64(in.Jt), uint64(in.Jf))
		if in.Op&0xf0 == BPF_JA {
			far = uint64(in.K)
		}
		if uint64(i)+1+far >= uint64(n) {
			return &sock.ArgError{Kind: sock.ArgSyntax, Arg: "filter", Value: fmt.Sprintf("instruction %d: %v", i, in), Rule: "jumps out of the program"}
		}
	}
	return nil
}
