//go:build !linux

package packet

import (
	"os"

	"github.com/polluxio/pollux/sock/internal/linux"
)

func pageSize() int { return os.Getpagesize() }

func mapRing(int, int, int, int) ([]byte, error) { return nil, linux.Only("PACKET_RX_RING") }
func removeRing(int) error                       { return linux.Only("PACKET_RX_RING") }
func unmap([]byte)                               {}
func pendingError(int) error                     { return linux.Only("PACKET_RX_RING") }
