package sock

import "fmt"

// Filters that the kernel runs on each packet before a socket gets it: classic BPF, as socket(7) and <linux/filter.h> have it. Any socket
// can have one.

// A BPFInstruction is one instruction of a filter: struct sock_filter of <linux/filter.h>.
//
//	struct sock_filter {
//		__u16 code;  // 0
//		__u8  jt;    // 2
//		__u8  jf;    // 3
//		__u32 k;     // 4
//	};               // 8
type BPFInstruction struct {
	Op uint16 // BPF_*, added up
	Jt uint8  // of a jump: how many instructions to skip if it holds
	Jf uint8  // and if it does not
	K  uint32 // the operand
}

// <linux/bpf_common.h>: the class of an instruction, then what is added to it; and <linux/filter.h>: where to load what is not of
// the packet.
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

	BPF_IMM = 0x00 // of a load: k, at k, at k + X, a scratch word, the length of the packet, 4 * (the low half of the byte at k)
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

	SKF_AD_OFF      = 0xfffff000 // -0x1000: add what follows, and load from there with BPF_ABS
	SKF_AD_PROTOCOL = 0
	SKF_AD_PKTTYPE  = 4
	SKF_AD_IFINDEX  = 8
	SKF_AD_VLAN_TAG = 44
	SKF_NET_OFF     = 0xfff00000 // -0x100000: from the network header on
	SKF_LL_OFF      = 0xffe00000 // -0x200000: from the link header on
)

// BPFStmt is an instruction that does not jump: BPF_STMT in C.
func BPFStmt(op uint16, k uint32) BPFInstruction { return BPFInstruction{Op: op, K: k} }

// BPFJump is one that does: BPF_JUMP in C.
func BPFJump(op uint16, k uint32, jt, jf uint8) BPFInstruction { return BPFInstruction{op, jt, jf, k} }

// A BPFAssembler makes a filter whose jumps have names instead of numbers. Its methods return it, so that they can follow one another;
// what is wrong is told by Program.
//
//	filter, err := new(sock.BPFAssembler).
//		Load(2, 12).                              // the EtherType
//		If(sock.BPF_JEQ, sock.ETH_P_ARP, "take", ""). // "" is the next instruction
//		If(sock.BPF_JEQ, sock.ETH_P_IP, "take", "drop").
//		Label("take").Ret(math.MaxUint32).
//		Label("drop").Ret(0).
//		Program()
type BPFAssembler struct {
	program []BPFInstruction
	labels  map[string]int
	jumps   []bpfJump
	err     error
}

type bpfJump struct {
	at       int
	yes, not string
}

func (b *BPFAssembler) fail(what string, value any, rule string) *BPFAssembler {
	if b.err == nil {
		b.err = &ArgError{what, value, rule}
	}
	return b
}

// Add appends instructions as they are.
func (b *BPFAssembler) Add(instructions ...BPFInstruction) *BPFAssembler {
	b.program = append(b.program, instructions...)
	return b
}

// Load puts size bytes of the packet, 1, 2 or 4, from offset on, into A, as a number in network order. A packet that is too short
// for it is dropped.
func (b *BPFAssembler) Load(size int, offset uint32) *BPFAssembler {
	switch size {
	case 1:
		return b.Add(BPFStmt(BPF_LD|BPF_B|BPF_ABS, offset))
	case 2:
		return b.Add(BPFStmt(BPF_LD|BPF_H|BPF_ABS, offset))
	case 4:
		return b.Add(BPFStmt(BPF_LD|BPF_W|BPF_ABS, offset))
	}
	return b.fail("size", size, "a load takes 1, 2 or 4 bytes")
}

// If compares A with k as op says, BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET, and goes to one of two labels. An empty one is the next
// instruction. A label must come later, at most 255 instructions on.
func (b *BPFAssembler) If(op uint16, k uint32, yes, not string) *BPFAssembler {
	b.jumps = append(b.jumps, bpfJump{len(b.program), yes, not})
	return b.Add(BPFJump(BPF_JMP|BPF_K|op, k, 0, 0))
}

// Label names the next instruction.
func (b *BPFAssembler) Label(name string) *BPFAssembler {
	if _, twice := b.labels[name]; twice || name == "" {
		return b.fail("label", name, "must have a name, and be there once")
	}
	if b.labels == nil {
		b.labels = make(map[string]int)
	}
	b.labels[name] = len(b.program)
	return b
}

// Ret ends the filter with the first n bytes of the packet: 0 drops it, math.MaxUint32 takes all.
func (b *BPFAssembler) Ret(n uint32) *BPFAssembler { return b.Add(BPFStmt(BPF_RET|BPF_K, n)) }

// Program is the filter. Error: an *ArgError for the first thing that was wrong.
func (b *BPFAssembler) Program() ([]BPFInstruction, error) {
	for _, j := range b.jumps {
		b.program[j.at].Jt = b.distance(j.at, j.yes)
		b.program[j.at].Jf = b.distance(j.at, j.not)
	}
	if b.err == nil {
		b.err = checkBPF(b.program)
	}
	if b.err != nil {
		return nil, b.err
	}
	return b.program, nil
}

func (b *BPFAssembler) distance(at int, label string) uint8 {
	if label == "" {
		return 0
	}
	to, ok := b.labels[label]
	n := to - at - 1
	switch {
	case !ok:
		b.fail("label", label, "is nowhere")
	case n < 0:
		b.fail("label", label, "a jump goes forward only")
	case n > 255:
		b.fail("label", label, fmt.Sprintf("a jump skips 255 instructions at most, not %d", n))
	}
	return uint8(n)
}

// checkBPF finds what the kernel would answer with a bare EINVAL.
func checkBPF(program []BPFInstruction) error {
	n := len(program)
	if n == 0 || n > BPF_MAXINSNS {
		return &ArgError{"filter", n, "must have 1 to 4096 instructions"}
	}
	if program[n-1].Op&7 != BPF_RET {
		return &ArgError{"filter", program[n-1], "the last instruction must be a BPF_RET"}
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
			return &ArgError{"filter", fmt.Sprintf("instruction %d: %v", i, in), "jumps out of the program"}
		}
	}
	return nil
}

// AttachFilter makes the kernel run a filter on what comes, and drop what it answers 0 to: SO_ATTACH_FILTER. It takes the place of
// another one. What has been received before is there still: make an AF_PACKET socket with protocol 0, attach, and bind it then.
//
// Errors: an *ArgError for a program without a BPF_RET at its end, or with a jump out of it; EINVAL for what else the kernel finds; EPERM
// after LockFilter.
func (s *Socket) AttachFilter(program []BPFInstruction) error {
	if err := checkBPF(program); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	return s.do("setsockopt", func(sysfd int) error { return sysAttachFilter(sysfd, soAttachFilter, program) })
}

// AttachReusePort gives the sockets that share an address by SO_REUSEPORT a filter whose answer is the socket that gets a datagram, or a
// connection: SO_ATTACH_REUSEPORT_CBPF of socket(7). Sockets are counted from 0 in the order in which they were bound or, of TCP, began to
// listen; an answer beyond them leaves it to the kernel's hash. The filter reads what follows the header of UDP or TCP. It is for all
// of them, whichever socket it is given by, and takes the place of another one.
//
// Errors: an *ArgError as of AttachFilter; EINVAL for a socket that is neither bound nor has SO_REUSEPORT set, and for what else the
// kernel finds.
func (s *Socket) AttachReusePort(program []BPFInstruction) error {
	if err := checkBPF(program); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	return s.do("setsockopt", func(sysfd int) error { return sysAttachFilter(sysfd, soAttachReusePort, program) })
}

// DetachReusePort takes AttachReusePort's filter away, and the kernel's hash decides again: SO_DETACH_REUSEPORT_BPF. Error: ENOENT if there is none.
func (s *Socket) DetachReusePort() error { return s.Setsockopt(SOL_SOCKET, soDetachReusePort, 0) }

// DetachFilter takes the filter away: SO_DETACH_FILTER. Errors: ENOENT if there is none, EPERM after LockFilter.
func (s *Socket) DetachFilter() error { return s.Setsockopt(SOL_SOCKET, soDetachFilter, 0) }

// LockFilter makes the filter stay as it is for ever: SO_LOCK_FILTER. So a program can give rights up and keep the socket.
func (s *Socket) LockFilter() error { return s.Setsockopt(SOL_SOCKET, soLockFilter, 1) }
