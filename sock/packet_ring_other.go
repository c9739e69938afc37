//go:build !linux

package sock

import "os"

func ringPage() int { return os.Getpagesize() }

func sysPacketRing(int, int, int, int) ([]byte, error) { return nil, errNoSockets }
func sysNoPacketRing(int) error                        { return errNoSockets }
func sysUnmap([]byte)                                  {}
