//go:build !linux

package sock

// vsockFamily is the family of no socket: AF_VSOCK of macOS has other options.
const vsockFamily = -2

// sysResetVsock is never called.
func sysResetVsock(int) {}

func sysVsockLocalCID() (uint32, error) {
	return 0, &UnsupportedError{Kind: "AF_VSOCK", Missing: "only on linux"}
}
