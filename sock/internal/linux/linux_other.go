//go:build !linux

package linux

// Getsockopt exists on Linux only.
func Getsockopt(int, int, int, []byte) (result, n int, err error) { return 0, 0, Only("getsockopt") }

// Ioctl exists on Linux only.
func Ioctl(int, uintptr, []byte) error { return Only("ioctl") }
