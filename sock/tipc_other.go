//go:build !linux

package sock

func sysTIPCIoctl(int, uintptr, []byte) error { return errNoSockets }
