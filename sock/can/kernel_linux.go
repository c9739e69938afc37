package can

import (
	"math/bits"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// kernelLong returns the size of a C long in the kernel: 8 or 4. A kernel of 64 bits does not
// translate the structures of AF_CAN for programs of 32 bits: they have the kernel's own layout.
var kernelLong = sync.OnceValue(func() int {
	var u unix.Utsname
	if bits.UintSize == 64 || unix.Uname(&u) == nil && is64(unix.ByteSliceToString(u.Machine[:])) {
		return 8
	}
	return 4
})

// is64 reports whether a kernel with that machine name in uname(2) has 64 bits: x86_64, aarch64,
// armv8l (the name that programs of 32 bits get on aarch64), mips64, ppc64le, riscv64, s390x. A
// program with a personality of 32 bits (setarch(8)) may get another name.
func is64(machine string) bool {
	return strings.Contains(machine, "64") || machine == "armv8l" || machine == "armv8b" || machine == "s390x"
}
