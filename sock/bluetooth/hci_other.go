//go:build !linux

package bluetooth

import (
	"net"

	"github.com/polluxio/pollux/sock/internal/linux"
)

// HCIDevices exists on Linux only: the error wraps errors.ErrUnsupported.
func HCIDevices() ([]HCIDevice, error) {
	return nil, &net.OpError{Op: "ioctl", Err: linux.Only("HCIGETDEVLIST")}
}
