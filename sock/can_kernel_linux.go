package sock

import (
	"math/bits"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// kernelLong is the size of a C long in the kernel: 8, or 4. AF_CAN has no translation for programs of 32 bits on a kernel of 64, so
// that its structures are the kernel's own.
var kernelLong = sync.OnceValue(func() int {
	var u unix.Utsname
	if bits.UintSize == 64 || unix.Uname(&u) == nil && is64(unix.ByteSliceToString(u.Machine[:])) {
		return 8
	}
	return 4
})

// is64 says whether a kernel that calls its machine so in uname(2) has 64 bits: x86_64, aarch64, armv8l (as it says to programs of
// arm), mips64, ppc64le, riscv64, s390x. To a program with the personality of Linux on 32 bits (setarch(8)) it may say another name.
func is64(machine string) bool {
	return strings.Contains(machine, "64") || machine == "armv8l" || machine == "armv8b" || machine == "s390x"
}
